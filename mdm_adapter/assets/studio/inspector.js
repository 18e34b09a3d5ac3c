// The panel on the right: the block that is selected, or else what holds for everything.

import { above, withAfter, inTime } from "./arrange.js";
import * as api from "./api.js";
import { attempt, button, find, icon, make } from "./dom.js";
import { newName } from "./document.js";
import { offer } from "./prompt.js";

const LOOPS = [["none", "No loop"], ["free", "Loop, any way"], ["in-place", "Loop in place"], ["circular", "Loop in a circle"], ["travelling", "Loop straight on"]];

const row = (name, field, hint) => make("label", { class: "row" }, make("span", {}, name), field, hint ? make("small", {}, hint) : null);
const number = (id, value, given, onchange) => make("input", { id, type: "number", value: String(value ?? ""), ...given, onchange });

export class Inspector {
  constructor(project, timeline, making, prompt, acts) {
    Object.assign(this, { project, timeline, making, prompt, acts });
    this.element = find("inspector");
    timeline.addEventListener("selected", () => this.render());
    project.addEventListener("changed", () => this.render());
    project.addEventListener("opened", () => this.render());
    making.addEventListener("drawn", () => this.#enable());
  }

  /** Built anew only where another thing is shown, so that typing is not disturbed. */
  render() {
    const { block } = this.timeline;
    const key = block ? JSON.stringify([block, this.timeline.known.get(block.text), this.project.chosen?.id]) : JSON.stringify([this.project.document, this.project.chosen?.id]);
    if (key === this.key || this.element.contains(document.activeElement) && document.activeElement.tagName === "TEXTAREA") return;
    const focus = this.element.contains(document.activeElement) ? document.activeElement.id : "";
    this.key = key;
    this.element.replaceChildren(...(block ? this.#block(block) : this.#all()));
    if (focus) find(focus)?.focus();
    this.#enable();
  }

  #enable() {
    for (const act of this.element.querySelectorAll(".makes")) {
      act.disabled = this.making.waiting || (act.dataset.needs === "take" && !this.project.chosen);
    }
  }

  #edit(name, values) {
    this.project.change((d) => { Object.assign(d.blocks.find((b) => b.id === name), values); });
  }

  #block(block) {
    const { project, timeline, making } = this;
    const words = make("textarea", { id: "words", rows: "2", maxlength: "1000", spellcheck: "true" });
    words.value = block.text;
    const commit = () => {
      const text = words.value.trim().replace(/\s+/g, " ");
      if (!/\p{L}/u.test(text)) { words.value = block.text; return; }
      if (text !== block.text) this.#edit(block.id, { text });
    };
    words.addEventListener("change", commit);
    words.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.defaultPrevented) { event.preventDefault(); commit(); timeline.select(block.id, { focus: true }); }
    });
    const told = timeline.known.get(block.text);
    const kept = Boolean(block.clip);
    const laid = above(project.document.blocks).has(block.id);
    const last = inTime(project.document.blocks).at(-1)?.id === block.id;
    const field = make("div", { class: "field" }, words);
    if (!kept) offer(words, this.prompt, { whole: true, taken: commit });
    const parts = [
      make("h2", {}, kept ? "Imported motion" : laid ? "Block on top" : "Block"),
      field,
      kept ? make("p", { class: "hint" }, "Kept as it is. Blocks beside it are made to flow into it.") : this.#knows(block, told),
      make("div", { class: "pair" },
        row("Start", number("start", block.start, { min: "0", max: "3600", step: "0.1" }, (e) => this.#edit(block.id, { start: clamp(e.target.value, 0, 3600) }))),
        row("Length", number("length", block.seconds, { min: "0.4", max: "3600", step: "0.1" }, (e) => this.acts.stretch(block.id, clamp(e.target.value, 0.4, 3600))))),
    ];
    if (kept) {
      parts.push(row("Left out before, s", number("first", block.first, { min: "0", max: "3600", step: "0.1" }, (e) => this.#edit(block.id, { first: clamp(e.target.value, 0, 3600) }))));
    } else if (!laid && (!last || project.document.loop !== "none")) {
      parts.push(row("Passes into the next over, s", number("transition", block.transition, { min: "0.1", max: "10", step: "0.1", placeholder: "usual" },
        (e) => this.#edit(block.id, { transition: e.target.value ? clamp(e.target.value, 0.05, 60) : null }))));
    }
    const acts = make("div", { class: "acts" });
    if (!kept && !laid) acts.append(button("Make this block again", () => making.start("block", { block: block.id }), { class: "makes", "data-needs": "take", id: "again" }));
    if (!laid) acts.append(button("Another take from here on", () => making.start("onward", { block: block.id }), { class: "makes", "data-needs": "take", id: "onward" }));
    acts.append(
      button("Add a block behind", () => this.acts.add(block.id), { id: "add-behind" }),
      make("button", { type: "button", class: "danger", id: "remove", onclick: () => this.acts.remove(block.id) }, icon("bin"), "Delete block"));
    return [...parts, acts];
  }

  #knows(block, told) {
    if (!told || told.knows === null) return make("p", { class: "hint" }, told ? `Usually ${told.seconds} s.` : "");
    const usual = `usually ${told.seconds} s`;
    if (told.knows === "yes") return make("p", { class: "hint good" }, `Known${told.happens === null ? "" : `, happens in ${Math.round(10 * told.happens)} of 10 takes`}; ${usual}.`);
    const line = told.knows === "no" ? "The model does not know this." : `Known, but it happens in ${Math.round(10 * (told.happens ?? 0))} of 10 takes. Make several.`;
    return make("div", { class: "hint warn" }, make("p", {}, line),
      ...told.near.map((text) => button(text, () => this.#edit(block.id, { text }), { class: "quiet near" })));
  }

  #all() {
    const { project, making, acts } = this;
    const { document: doc } = project;
    const change = (values) => project.change((d) => Object.assign(d, values));
    const loop = make("select", { id: "loop", onchange: (e) => change({ loop: e.target.value }) },
      ...LOOPS.map(([value, name]) => make("option", { value, selected: value === doc.loop }, name)));
    const count = make("div", { class: "choices", role: "group", "aria-label": "takes at once" },
      ...[1, 2, 3, 4].map((n) => button(String(n), () => change({ count: n }), { id: `count-${n}`, "aria-pressed": String(n === doc.count) })));
    const style = make("input", { id: "style", type: "text", maxlength: "200", placeholder: "an old man walks slowly", "aria-label": "manner" });
    const strength = make("input", { id: "strength", type: "range", min: "0.3", max: "0.9", step: "0.05", value: "0.6", "aria-label": "how much changes" });
    const set = doc.points ? "A path is set." : doc.place ? `Arrives at ${doc.place.map((n) => n.toFixed(1)).join(", ")} m.` : "";
    return [
      make("h2", {}, "Scene"),
      row("Ending", loop),
      doc.loop === "circular" ? row("Degrees to the left", number("turn", doc.turn, { min: "-3600", max: "3600", step: "15" }, (e) => change({ turn: Number(e.target.value) || 360 }))) : "",
      make("div", { class: "row" }, make("span", {}, "Takes at once"), count),
      make("h3", {}, "Way on the ground"),
      make("div", { class: "choices wide" },
        make("button", { type: "button", id: "draw-path", "aria-pressed": String(acts.mode() === "path"), onclick: () => acts.draw("path") }, icon("path"), "Draw path"),
        make("button", { type: "button", id: "set-place", "aria-pressed": String(acts.mode() === "place"), onclick: () => acts.draw("place") }, icon("place"), "Arrive at")),
      make("p", { class: "hint" }, set || "Draw where it goes, or click where it arrives; then make it."),
      set ? button("Take the way away", () => change({ points: null, place: null }), { id: "no-way", class: "quiet" }) : "",
      make("h3", {}, "Another manner"),
      make("div", { class: "field" }, style),
      make("label", { class: "row slim" }, make("span", {}, "Change"), strength),
      make("div", { class: "acts" },
        button("Restyle the take", () => making.start("restyle", { text: style.value.trim(), strength: Number(strength.value) }), { class: "makes", "data-needs": "take", id: "restyle" }),
        button("Make everything anew", () => making.start("all"), { class: "makes", "data-needs": "take", id: "anew" })),
    ].filter(Boolean);
  }
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, Number(value) || low));

/** A new block behind another, and its words ready to be typed. */
export function addBlock(project, timeline, behind) {
  const id = newName();
  project.change((d) => {
    d.blocks = withAfter(d.blocks, { id, text: "a person stands", start: 0, seconds: 3, transition: null, clip: "", first: 0 }, behind);
  });
  timeline.select(id);
  find("words")?.select();
}

/** What the model knows of the blocks' sentences, asked once for each. */
export async function learn(project, timeline) {
  const texts = [...new Set(project.document.blocks.filter((b) => !b.clip && !timeline.known.has(b.text)).map((b) => b.text))];
  if (!texts.length) return;
  const told = await attempt(() => api.post("/v1/studio/texts", { texts }));
  told?.texts.forEach((entry) => timeline.known.set(entry.text, entry));
  timeline.render();
}
