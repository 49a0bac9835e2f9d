"""A group of buttons that is one stop of the Tab key: the arrow keys move within it, Home and End
go to its ends. The browser knows this for radio buttons alone, and those choose what they pass."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_base.vars.base import Var
from reflex_components_core.el.elements.typography import Div

from pages.components.kinds import Child

# Buttons come and go while somebody is among them, so the one stop is looked after whenever the
# group changes, and not set by what is rendered.
_ONE_STOP = """
const oneStop = (group) => {
  if (!group) return;
  const all = () => [...group.querySelectorAll("button")];
  const stopAt = (one) => all().forEach((each) => { each.tabIndex = each === one ? 0 : -1; });
  const settle = () => {
    const stops = all().filter((each) => each.tabIndex === 0);
    if (stops.length !== 1) stopAt(stops[0] ?? all()[0]);
  };
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const move = (event) => {
    const among = all(), at = among.indexOf(document.activeElement);
    const last = among.length - 1;
    const to = { Home: 0, End: last }[event.key] ?? at + (steps[event.key] ?? NaN);
    if (at < 0 || Number.isNaN(to)) return;
    event.preventDefault();
    among[Math.min(Math.max(to, 0), last)].focus();
  };
  const changes = new MutationObserver(settle);
  changes.observe(group, { childList: true, subtree: true });
  group.addEventListener("keydown", move);
  group.addEventListener("focusin", (event) => stopAt(event.target));
  settle();
  return () => changes.disconnect();
};
"""


class _OneStop(Div):
    """The function is the element's `ref`: it is called once, when the group is on the page."""

    def add_custom_code(self) -> list[str]:
        return [_ONE_STOP]


def one_stop(*children: Child, class_name: str = "") -> rx.Component:
    """Buttons of several groups that belong together for the keyboard."""
    named: dict[str, Any] = {"class_name": class_name} if class_name else {}
    return _OneStop.create(*children, ref=Var("oneStop"), **named)
