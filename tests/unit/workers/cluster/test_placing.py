"""Which host takes which camera: as few moves as can be, labels kept, nobody left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from surveil.workers.cluster.placing import Need, Offer, Plan, fits, plan_cameras

SITES = ("north", "south")

labels = st.sampled_from([{}, {"site": "north"}, {"site": "south"}])
needs_st = st.dictionaries(
    st.integers(0, 30).map("cam-{}".format),
    st.builds(Need, st.sampled_from([1.0, 2.0, 5.0, 10.0]), labels),
    max_size=20,
)
offers_st = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(Offer, st.sampled_from([10.0, 20.0, 80.0]), labels, st.booleans()),
    max_size=6,
)
now_st = st.dictionaries(st.integers(0, 30).map("cam-{}".format), st.sampled_from("abcdef"))


@given(needs_st, offers_st, now_st, st.booleans())
def test_every_camera_is_where_it_may_be_or_told_to_be_nowhere(
    needs: dict[str, Need], offers: dict[str, Offer], now: dict[str, str], evenly: bool
) -> None:
    plan = plan_cameras(needs, offers, now, evenly=evenly)
    for camera, need in needs.items():
        possible = {h for h, one in offers.items() if one.is_open and fits(need, one)}
        assert (camera in plan.homeless) == (not possible)
        if possible:
            assert plan.placed[camera] in possible
    assert plan.placed.keys() <= needs.keys()
    assert plan.gone == now.keys() - needs.keys()


@given(needs_st, offers_st, now_st)
def test_a_camera_that_may_stay_stays(
    needs: dict[str, Need], offers: dict[str, Offer], now: dict[str, str]
) -> None:
    plan = plan_cameras(needs, offers, now)
    for camera, host in now.items():
        may_stay = host in offers and offers[host].is_open and camera in needs
        if may_stay and fits(needs[camera], offers[host]):
            assert camera not in plan.moved
            assert plan.placed[camera] == host


@given(needs_st, offers_st, now_st, st.booleans())
def test_a_plan_that_was_followed_changes_nothing(
    needs: dict[str, Need], offers: dict[str, Offer], now: dict[str, str], evenly: bool
) -> None:
    first = plan_cameras(needs, offers, now, evenly=evenly)
    assert plan_cameras(needs, offers, first.placed, evenly=evenly).moved == {}


def _loads(plan: Plan, needs: dict[str, Need]) -> dict[str, float]:
    loads: dict[str, float] = {}
    for camera, host in plan.placed.items():
        loads[host] = loads.get(host, 0.0) + needs[camera].load_fps
    return loads


def test_a_lost_hosts_cameras_are_spread_by_what_the_others_carry() -> None:
    needs = {f"cam-{n}": Need(5.0) for n in range(30)}
    offers = {"a": Offer(40), "b": Offer(40), "c": Offer(80)}
    plan = plan_cameras(needs, offers, {})
    assert _loads(plan, needs) == {"a": 40, "b": 35, "c": 75}
    after = plan_cameras(needs, offers | {"c": Offer(80, is_open=False)}, plan.placed)
    assert len(after.moved) == 15
    assert _loads(after, needs) == {"a": 75, "b": 75}


def test_who_returns_gets_nothing_until_it_is_asked_for_and_then_as_few_as_can_be() -> None:
    needs = {f"cam-{n}": Need(5.0) for n in range(12)}
    now = {camera: "ab"[n % 2] for n, camera in enumerate(needs)}
    offers = {"a": Offer(40), "b": Offer(40), "c": Offer(40)}
    assert plan_cameras(needs, offers, now).moved == {}
    evened = plan_cameras(needs, offers, now, evenly=True)
    assert len(evened.moved) == 4
    assert set(evened.moved.values()) == {"c"}


def test_a_camera_of_a_site_waits_for_a_host_of_it() -> None:
    needs = {"door": Need(5.0, {"site": "north"})}
    plan = plan_cameras(needs, {"a": Offer(40, {"site": "south"})}, {"door": "gone"})
    assert (plan.homeless, plan.placed) == ({"door"}, {"door": "gone"})
