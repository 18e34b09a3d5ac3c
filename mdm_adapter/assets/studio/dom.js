// Elements, and lines for the reader. Texts are only ever set as text.

export const find = (id) => document.getElementById(id);

/** make("button", { class: "plain", type: "button", onclick }, "Play") */
export function make(tag, given = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...inside.filter((part) => part !== null && part !== undefined));
  return element;
}

export const button = (name, onclick, given = {}) => make("button", { type: "button", onclick, ...given }, name);

const SVG = "http://www.w3.org/2000/svg";
const SHAPES = {
  undo: "M9 7 5 11l4 4M5 11h9a5 5 0 0 1 0 10h-3", redo: "m15 7 4 4-4 4M19 11h-9a5 5 0 0 0 0 10h3",
  plus: "M12 6v12M6 12h12", help: "M9.2 9.2a2.9 2.9 0 1 1 4.3 2.6c-1 .6-1.5 1.1-1.5 2.2M12 17.2v.1",
  theme: "M12 4a8 8 0 1 0 8 8 6 6 0 0 1-8-8z", close: "m7 7 10 10M17 7 7 17", weights: "M4 17c4 0 4-10 8-10s4 10 8 10",
  trail: "M5 19c6 0 2-7 7-7s1-7 7-7", feet: "M8 5c2 0 2 3 1.6 5S9 13 7.5 13 6 11 6 9s.5-4 2-4M7 16h2v2H7zM16 8c2 0 2 3 1.6 5s-.6 3-2.1 3-1.5-2-1.5-4 .5-4 2-4M15 19h2v1.5h-2z",
  follow: "M12 5v3M12 16v3M5 12h3M16 12h3M12 10.5a1.5 1.5 0 1 0 .01 0", bin: "M6 8h12M10 8V6h4v2M8 8l1 11h6l1-11",
  path: "M5 19c0-8 14-4 14-14", place: "M12 20s6-6 6-10.5a6 6 0 0 0-12 0C6 14 12 20 12 20zM12 11.5a2 2 0 1 0-.01 0",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

let leaving;
/** A line for the reader, read out by screen readers as well. */
export function tell(line, kind = "") {
  const note = find("note");
  note.textContent = line;
  note.className = kind;
  note.hidden = false;
  clearTimeout(leaving);
  leaving = setTimeout(() => { note.hidden = true; }, kind === "bad" ? 9000 : 4000);
}

/** Run what may be refused, and say why where it is. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    tell(error.message, "bad");
    return undefined;
  }
}

export const twoDigits = (value) => (Math.round(100 * value) / 100).toString();
export const clockText = (value) => `${Math.floor(value / 60)}:${(value % 60).toFixed(1).padStart(4, "0")}`;
