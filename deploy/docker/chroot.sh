#!/bin/sh
# The image's steps without Docker, in a Debian of their own: build the wheel, install it, and run it
# as user 10001 on a read-only root file system with the image's health check. As root, with
# debootstrap and bwrap:
#
#   debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm ROOT
#   sh deploy/docker/chroot.sh ROOT
#
# pip's configuration of this machine says where packages come from.
set -eu
root=$(cd "$1" && pwd) here=$(cd "$(dirname "$0")/../.." && pwd)
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
[ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

# What Dockerfile.dockerignore lets in.
rm -rf "$root/src" "$root/dist" "$root/opt/surveil"
mkdir -p "$root/src"
(cd "$here" && git ls-files pyproject.toml README.md LICENSE surveil models migrations configs/train \
    deploy/docker/install.sh | tar -cf - -T -) | tar -xf - -C "$root/src"

inside() { chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/root "$@"; }
inside python3 -m venv /tools
inside sh -c "cd /src && /tools/bin/pip wheel --quiet --no-cache-dir --no-deps --wheel-dir /dist ."
inside sh /src/deploy/docker/install.sh /dist /opt/surveil >/dev/null
inside sh -c "id surveil 2>/dev/null || useradd --system --uid 10001 --no-create-home surveil"
inside install -d -o 10001 -g 10001 -m 0700 /var/lib/surveil
du -sm "$root/opt/surveil"

cat >"$root/etc/surveil.yaml" <<'FLEET'
data_dir: /var/lib/surveil/data
cameras:
  entrance: {source: "file:/opt/surveil/clip.mp4", loop: true}
FLEET
cp "$here/surveil/simulate/media/entrance.mp4" "$root/opt/surveil/clip.mp4"
health='import os, time, urllib.request as r
def is_well():
    try: return r.urlopen("http://127.0.0.1:9464/readyz", timeout=4).status == 200
    except OSError: return False
end = time.monotonic() + 120
while not is_well():
    assert time.monotonic() < end, "not ready"
    time.sleep(1)
print(r.urlopen("http://127.0.0.1:9464/livez", timeout=4).read().decode())'
# Its own network: 9464 may be taken on this machine.
setpriv --reuid 10001 --regid 10001 --clear-groups bwrap --ro-bind "$root" / --bind "$root/var/lib/surveil" /var/lib/surveil --tmpfs /tmp --dev /dev \
    --proc /proc --unshare-all --die-with-parent --clearenv \
    --setenv PATH /opt/surveil/bin:/usr/bin:/bin --setenv PYTHONDONTWRITEBYTECODE 1 \
    --setenv SURVEIL_FLEET /etc/surveil.yaml --chdir /var/lib/surveil \
    sh -c 'surveil --version && surveil check && { surveil run --log-format json >/tmp/log 2>&1 & } &&
           sleep 1 && { python3 -c "$1" || { tail -20 /tmp/log; exit 1; }; } && sleep 5 &&
           surveil status && kill $! && wait $! && echo "ended as asked"' - "$health"
