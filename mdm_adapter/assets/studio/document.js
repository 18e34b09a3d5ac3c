// The project on this page: a document with undo and redo, saved as it changes; takes come from the server.

import * as api from "./api.js";
import { tell } from "./dom.js";

const MOST_UNDO = 200;
const SAVE_AFTER = 250; // ms
const LOOK_EVERY = 1500;

export class Project extends EventTarget {
  constructor() {
    super();
    Object.assign(this, { id: "", revision: 0, document: null, takes: [], past: [], future: [], dirty: false });
  }

  async open(id) {
    await this.flush();
    const told = await api.get(`/v1/studio/projects/${encodeURIComponent(id)}`);
    Object.assign(this, { id: told.id, past: [], future: [], dirty: false });
    api.remember(told.id);
    this.#take(told);
    this.say("opened");
    return told.job;
  }

  #take(told) {
    Object.assign(this, { revision: told.revision, document: told.document, takes: told.takes });
  }

  say(what) {
    this.dispatchEvent(new Event(what));
  }

  /** The take that is worked on, as `Project.chosen` of the server has it. */
  get chosen() {
    const own = this.takes.find((take) => take.id === this.document.chosen);
    return own ?? this.takes.find((take) => take.batch === this.takes.at(-1).batch) ?? null;
  }

  /** Change the document by a function; what it was can be had back. same: part of one gesture with the change before. */
  change(edit, { undoable = true, same = false } = {}) {
    const before = JSON.stringify(this.document);
    const next = JSON.parse(before);
    edit(next);
    if (JSON.stringify(next) === before) return;
    if (undoable && !same) {
      this.past.push(before);
      if (this.past.length > MOST_UNDO) this.past.shift();
    }
    if (undoable) this.future = [];
    this.#set(next);
  }

  #set(next) {
    this.document = next;
    this.dirty = true;
    this.say("changed");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), SAVE_AFTER);
  }

  undo() { this.#step(this.past, this.future); }

  redo() { this.#step(this.future, this.past); }

  #step(from, to) {
    if (!from.length) return;
    to.push(JSON.stringify(this.document));
    // Titles and prompts that were typed since come back as well; seeds go on.
    this.#set({ ...JSON.parse(from.pop()), seed: this.document.seed });
  }

  /** Save now, and wait until it is. */
  async flush() {
    clearTimeout(this.timer);
    this.saving = (this.saving ?? Promise.resolve()).then(() => this.#save());
    await this.saving;
  }

  async #save() {
    if (!this.dirty) return;
    const text = JSON.stringify(this.document);
    try {
      this.dirty = false;
      const path = `/v1/studio/projects/${this.id}`;
      const told = await api.send("PUT", path, { revision: this.revision, document: JSON.parse(text) });
      this.revision = told.revision;
      this.say("saved");
    } catch (error) {
      if (error.status === 409) return this.#yield(text);
      this.dirty = true;
      this.say("unsaved");
      tell(error.message, "bad");
      if (error.status === 0) this.timer = setTimeout(() => this.flush(), 2000);
    }
    return undefined;
  }

  /** Another tab was quicker: what it made is shown, and undo brings this tab's back. */
  async #yield(text) {
    await this.reload();
    this.past.push(text);
    tell("Another tab changed this project. Undo brings back what you had here.");
    this.say("changed");
  }

  async reload() {
    this.#take(await api.get(`/v1/studio/projects/${this.id}`));
    this.dirty = false;
    this.say("opened");
  }

  /** Learn of what other tabs, and jobs that nobody waited for, have done. */
  watch() {
    const look = async () => {
      try {
        if (!document.hidden && this.id && !this.dirty) {
          const told = await api.get(`/v1/studio/projects/${this.id}/state`);
          if (!this.dirty && (told.revision > this.revision || told.takes !== this.takes.length)) await this.reload();
          this.job = told.job;
          this.say("looked");
        }
      } catch { /* saving says what is wrong */ }
      setTimeout(look, LOOK_EVERY);
    };
    setTimeout(look, LOOK_EVERY);
  }
}

/** A name that no block has. */
export const newName = () => `b${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
