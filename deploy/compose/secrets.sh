#!/bin/sh
# Make the secrets of compose.yaml in ./secrets, once; what is there stays.
#
# Containers run as users of their own and see these files as they are, so they can be read by
# anybody who gets into the directory, which only its owner can.
set -eu
umask 077
mkdir -p "${1:-secrets}"
cd "${1:-secrets}"
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
for name in redis_password database_password reader_password grafana_admin_password mqtt_password; do
  [ -e "$name" ] || random >"$name"
done
[ -e redis_users.acl ] || cat >redis_users.acl <<END
user default off
user surveil on #$(tr -d '\n' <redis_password | sha256sum | cut -d ' ' -f 1) ~surveil:* +@all -@admin
user health on >health -@all +ping
END
[ -e mqtt_users ] || {
  printf 'surveil:%s\n' "$(cat mqtt_password)" >mqtt_users
  if command -v mosquitto_passwd >/dev/null; then mosquitto_passwd -U mqtt_users; else
    echo "mqtt_users holds its password in the clear: run mosquitto_passwd -U secrets/mqtt_users" >&2
    echo "before you start the profile mqtt, which refuses it as it is" >&2
  fi
}
chmod 0444 ./*
