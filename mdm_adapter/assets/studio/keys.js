// Keys of the whole page. Fields keep theirs; so do menus, offers and blocks.

import { find } from "./dom.js";

export function keys({ project, stage, timeline, making, files, addBlock }) {
  const help = find("help-box");
  find("help").addEventListener("click", () => help.showModal());
  find("help-close").addEventListener("click", () => help.close());

  function jump(way) {
    const joins = stage.joins.map((join) => join.frame / stage.panels[0].figure.movement.fps).sort((a, b) => a - b);
    const at = stage.clock?.shown ?? 0;
    const next = way > 0 ? joins.find((join) => join > at + 0.01) : joins.findLast((join) => join < at - 0.01);
    if (next !== undefined) stage.seek(next);
  }

  const plain = {
    " ": () => stage.play(), k: () => stage.play(), ArrowLeft: () => stage.step(-1), ArrowRight: () => stage.step(1),
    Home: () => stage.seek(0), End: () => stage.seek(stage.clock?.last ?? 0), "+": () => stage.speed(1), "-": () => stage.speed(-1),
    j: () => jump(1), J: () => jump(-1), t: () => stage.toggle("trail"), c: () => stage.toggle("feet"), f: () => stage.toggle("follow"),
    n: addBlock, p: () => find("prompt").focus(), "?": () => (help.open ? help.close() : help.showModal()), w: () => find("show-weights").click(),
    "[": () => timeline.zoomBy(1 / 1.3), "]": () => timeline.zoomBy(1.3), Escape: () => (making.waiting ? making.cancel() : timeline.select("")),
  };
  for (let i = 1; i <= 5; i++) plain[i] = () => stage.view(i - 1);
  const held = { z: () => project.undo(), Z: () => project.redo(), y: () => project.redo(), s: () => files.save(), Enter: () => making.primary() };

  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || (help.open && event.key !== "?")) return;
    const typing = event.target.closest?.("input:not([type=range]), textarea, select");
    const command = event.ctrlKey || event.metaKey;
    if (command && (!typing || event.key === "Enter" || event.key === "s")) {
      if (!Object.hasOwn(held, event.key)) return;
      held[event.key]();
    } else if (typing || command || event.altKey) {
      return;
    } else if (event.key === " " && event.target instanceof HTMLButtonElement) {
      return;
    } else if (Object.hasOwn(plain, event.key)) {
      plain[event.key]();
    } else {
      return;
    }
    event.preventDefault();
  });
}
