// The prompt box: what the splitter makes of a text, before anything is made; known actions are offered while typing.

import * as api from "./api.js";
import { attempt, find, make } from "./dom.js";
import { newName } from "./document.js";

const OFFERED = 7;
const ALWAYS = 0.9, MOSTLY = 0.5;

export const wordOf = (happens) => (happens === null ? "" : happens >= ALWAYS ? "" : happens >= MOSTLY ? "mostly happens" : "rarely happens");

export class Prompt {
  constructor(project) {
    this.project = project;
    this.actions = [];
    this.box = find("prompt");
    this.box.addEventListener("input", () => {
      project.change((d) => { d.prompt = this.box.value; }, { undoable: false });
      this.fit();
    });
    project.addEventListener("changed", () => this.show());
    project.addEventListener("opened", () => this.show());
    offer(this.box, this);
    find("split").addEventListener("click", () => this.split());
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.defaultPrevented) return;
      event.preventDefault();
      this.split();
    });
  }

  async load() {
    const told = await api.get("/v1/actions");
    this.actions = told.actions.map((row) => ({ ...row, example: plain(row.example) }));
  }

  show() {
    if (this.box.value !== this.project.document.prompt && document.activeElement !== this.box) this.box.value = this.project.document.prompt;
    this.fit();
  }

  fit() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(96, this.box.scrollHeight + 2)}px`;
    find("split").disabled = !this.box.value.trim();
  }

  /** The prompt as blocks; those that are there and mean the same keep their names, so that what was made of them is kept. */
  async split() {
    const prompt = this.box.value.trim();
    if (!prompt) return;
    const found = await attempt(() => api.post("/v1/split", { prompt }));
    if (!found) return;
    const before = [...this.project.document.blocks];
    const take = (text) => {
      const i = before.findIndex((block) => block.text === text && !block.clip);
      return i < 0 ? null : before.splice(i, 1)[0];
    };
    let at = 0;
    const blocks = [];
    for (const row of found.actions) {
      const seconds = Math.round(20 * (row.seconds ?? row.usual_seconds ?? 2)) / 20;
      const start = row.start ?? at;
      at = start + seconds;
      if (!row.text) continue;
      const old = take(row.text);
      blocks.push({ id: old?.id ?? newName(), text: row.text, start, seconds: old && !row.seconds ? old.seconds : seconds,
        transition: row.transition, clip: "", first: 0 });
      if (old && !row.seconds) at = start + old.seconds;
    }
    this.project.change((d) => { d.blocks = blocks; d.prompt = prompt; });
    this.notes([...found.notes, ...found.warnings]);
  }

  notes(lines) {
    const list = find("notes");
    list.replaceChildren(...lines.slice(0, 3).map((line) => make("li", {}, line)));
    list.hidden = !lines.length;
  }

  /** Known actions whose words begin like those that are typed. */
  matching(typed) {
    const words = typed.toLowerCase().split(/[^a-z]+/).filter((word) => word.length > 1 && !LITTLE.has(word));
    if (!words.length) return [];
    const rows = this.actions.map((row) => {
      const text = `${row.action} ${row.example}`.toLowerCase().split(/[^a-z]+/);
      const hits = words.filter((word) => text.some((other) => other.startsWith(word) || (word.length > 3 && other.length > 3 && word.startsWith(other)))).length;
      return { ...row, hits };
    });
    return rows.filter((row) => row.hits === words.length).sort((a, b) => (b.happens ?? 0) - (a.happens ?? 0)).slice(0, OFFERED);
  }
}

/** As somebody would type it: about a person, without a full stop. */
const plain = (text) => text.replace(/^(?:(?:an?|the) )?(?:person|man|woman|human|figure|someone|somebody)\b/i, "a person").replace(/\.$/, "");
const LITTLE = new Set(["a", "an", "the", "he", "she", "they", "person", "someone", "man", "woman", "then", "and", "his", "her", "with", "is", "to"]);
const LAST = /(?:^|[|.;,\n]|\bthen\b|\band\b)\s*([^|.;,\n]*)$/i;

/** Offer known actions under a field: arrows choose, Tab or Enter takes, Escape closes. */
export function offer(field, prompt, { whole = false, taken } = {}) {
  const list = make("ul", { class: "offers", role: "listbox", id: `${field.id}-offers`, hidden: true });
  field.after(list);
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");
  let [rows, at, part] = [[], -1, ""];

  function close() {
    list.hidden = true;
    at = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function choose(number) {
    at = number;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    if (at >= 0) field.setAttribute("aria-activedescendant", list.children[at].id);
  }

  function show() {
    const text = field.value.slice(0, field.selectionStart ?? field.value.length);
    part = whole ? field.value : text.match(LAST)?.[1] ?? "";
    // "walks and wa": the last words count where nothing is known that has them all.
    rows = prompt.matching(part);
    if (!rows.length) {
      part = part.split(/\s+/).at(-1);
      rows = part.length > 2 ? prompt.matching(part) : [];
    }
    list.replaceChildren(...rows.map((row, i) => make("li", { role: "option", id: `${list.id}-${i}`, "aria-selected": "false",
      onpointerdown: (event) => { event.preventDefault(); take(i); } },
    make("span", {}, row.example), make("small", { class: wordOf(row.happens).startsWith("rarely") ? "warn" : "" }, wordOf(row.happens)))));
    list.hidden = !rows.length || document.activeElement !== field;
    field.setAttribute("aria-expanded", String(!list.hidden));
    at = -1;
  }

  function take(number) {
    const { example } = rows[number];
    const cut = field.selectionStart ?? field.value.length;
    const before = whole ? "" : field.value.slice(0, cut - part.length);
    const words = before.trimEnd() && !whole ? example.replace(/^(?:an?|the) (?:person|man|woman|figure)\s+/i, "") : example;
    field.value = before + words + (whole ? "" : field.value.slice(cut));
    field.setSelectionRange(before.length + words.length, before.length + words.length);
    close();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    close();
    taken?.();
  }

  field.addEventListener("input", () => queueMicrotask(show));
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) choose((at + by + rows.length + (at < 0 && by < 0 ? 1 : 0)) % rows.length);
    else if (event.key === "Escape") close();
    else if ((event.key === "Tab" || event.key === "Enter") && at >= 0) take(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
