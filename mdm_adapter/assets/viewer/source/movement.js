// A movement as numbers: where joints are at any time, and how a loop goes on. Knows nothing of drawing.

const JOINTS = 22;
const STILL = { angle: 0, x: 0, z: 0 };

/** Base64, or bytes [buffer, offset, length], -> a typed array. */
export function decode(text, Kind) {
  if (typeof text !== "string") return new Kind(text[0], text[1], text[2] / Kind.BYTES_PER_ELEMENT);
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Kind(bytes.buffer);
}

export class Movement {
  /** entry: one of the page's figures; buffers: its buffers (see scene.py). */
  constructor(entry, buffers) {
    Object.assign(this, {
      name: entry.name, fps: entry.fps, frames: entry.frames, height: entry.height, heading: entry.heading,
      segments: entry.segments, joins: entry.joins, cycle: entry.cycle, body: entry.body, unit: entry.unit,
    });
    this.beside = decode(buffers[entry.joints], Int16Array);
    this.roots = decode(buffers[entry.root], Float32Array);
    this.rotations = decode(buffers[entry.rotations], Int16Array);
    this.targets = decode(buffers[entry.targets], Float32Array);
    this.prints = decode(buffers[entry.prints], Float32Array);
    this.stood = decode(buffers[entry.stood], Int32Array);
    this.owner = new Int32Array(this.frames).fill(-1);
    this.segments.forEach((segment, i) => this.owner.fill(i, segment.start, segment.end));
    this.steps = [{ angle: 0, x: 0, z: 0 }];
    this.rows = [0, 1, 2, 3].map(() => ({ places: new Float64Array(3 * JOINTS), turns: new Float64Array(4 * JOINTS) }));
  }

  get loops() {
    return this.cycle !== null;
  }

  /** Seconds of a cycle, or of all of it. */
  get seconds() {
    return this.frames / this.fps;
  }

  /** Which cycle, and which frame of it, a whole frame counted from the start is. */
  split(frame) {
    if (!this.loops) return [0, Math.min(Math.max(frame, 0), this.frames - 1)];
    const cycle = Math.floor(frame / this.frames);
    return [cycle, frame - cycle * this.frames];
  }

  /** Where cycle n lies: turned about y by an angle, then moved. */
  placed(n) {
    const { turn, x, z } = this.cycle ?? { turn: 0, x: 0, z: 0 };
    if (n < 0) {
      // Only the frame before the first is ever asked for.
      const [c, s] = [Math.cos(-turn), Math.sin(-turn)];
      return { angle: -turn, x: -(c * x + s * z), z: -(c * z - s * x) };
    }
    while (this.steps.length <= n) {
      const last = this.steps.at(-1);
      const [c, s] = [Math.cos(turn), Math.sin(turn)];
      this.steps.push({ angle: last.angle + turn, x: c * last.x + s * last.z + x, z: c * last.z - s * last.x + z });
    }
    return this.steps[n];
  }

  /** x and z of a point of cycle n in the world. */
  moved(n, x, z) {
    if (n === 0) return [x, z];
    const at = this.placed(n);
    const [c, s] = [Math.cos(at.angle), Math.sin(at.angle)];
    return [c * x + s * z + at.x, c * z - s * x + at.z];
  }

  /** The joints and world rotations (x y z w) of one whole frame, in the world. Makes nothing: it is called at every picture. */
  frame(number, row) {
    const { places, turns } = row;
    const { beside, roots, rotations, unit } = this;
    const cycle = this.loops ? Math.floor(number / this.frames) : 0;
    const frame = this.loops ? number - cycle * this.frames : Math.min(Math.max(number, 0), this.frames - 1);
    const at = cycle === 0 ? STILL : this.placed(cycle);
    const [c, s] = [Math.cos(at.angle), Math.sin(at.angle)];
    const [rx, ry, rz] = [roots[3 * frame], roots[3 * frame + 1], roots[3 * frame + 2]];
    for (let j = 0, k = 3 * JOINTS * frame; j < 3 * JOINTS; j += 3, k += 3) {
      const [x, z] = [rx + unit * beside[k], rz + unit * beside[k + 2]];
      places[j] = c * x + s * z + at.x;
      places[j + 1] = ry + unit * beside[k + 1];
      places[j + 2] = c * z - s * x + at.z;
    }
    const [hc, hs] = [Math.cos(at.angle / 2), Math.sin(at.angle / 2)];
    for (let j = 0, k = 4 * JOINTS * frame; j < 4 * JOINTS; j += 4, k += 4) {
      const [x, y, z, w] = [rotations[k], rotations[k + 1], rotations[k + 2], rotations[k + 3]];
      turns[j] = hc * x + hs * z;
      turns[j + 1] = hc * y + hs * w;
      turns[j + 2] = hc * z - hs * x;
      turns[j + 3] = hc * w - hs * y;
    }
  }

  /** Joints and rotations at a time in frames: those of whole frames exactly, between them along smooth curves. */
  pose(time, out) {
    const near = Math.round(time);
    if (Math.abs(time - near) < 1e-4) {
      this.frame(near, out);
      normalise(out.turns);
      return out;
    }
    const first = Math.floor(time);
    const t = time - first;
    const weights = [((-t + 2) * t - 1) * t / 2, ((3 * t - 5) * t * t + 2) / 2, ((-3 * t + 4) * t + 1) * t / 2, (t - 1) * t * t / 2];
    this.rows.forEach((row, i) => this.frame(first - 1 + i, row));
    out.places.fill(0);
    out.turns.fill(0);
    const base = this.rows[1].turns;
    this.rows.forEach(({ places, turns }, i) => {
      for (let k = 0; k < places.length; k++) out.places[k] += weights[i] * places[k];
      for (let k = 0; k < turns.length; k += 4) {
        // q and -q turn alike: take the one near the others.
        let dot = 0;
        for (let n = k; n < k + 4; n++) dot += turns[n] * base[n];
        const weight = dot < 0 ? -weights[i] : weights[i];
        for (let n = k; n < k + 4; n++) out.turns[n] += weight * turns[n];
      }
    });
    normalise(out.turns);
    return out;
  }

  /** A row for `pose`. */
  row() {
    return { places: new Float64Array(3 * JOINTS), turns: new Float64Array(4 * JOINTS) };
  }

  /** What a calm camera looks at, [x, y, z]. */
  target(time) {
    const first = Math.floor(time);
    const share = time - first;
    const [a, b] = [first, first + 1].map((number) => {
      const [cycle, frame] = this.split(number);
      const [x, y, z] = this.targets.subarray(3 * frame, 3 * frame + 3);
      const [mx, mz] = this.moved(cycle, x, z);
      return [mx, y, mz];
    });
    return a.map((value, i) => value + share * (b[i] - value));
  }

  /** x and z of the root at a whole frame. */
  ground(number) {
    const [cycle, frame] = this.split(number);
    return this.moved(cycle, this.roots[3 * frame], this.roots[3 * frame + 2]);
  }

  /** Which segment a whole frame shows; -1 for none. */
  segmentAt(number) {
    return this.owner[this.split(number)[1]];
  }

  /** How fast the root goes over the ground, m/s, over a third of a second. */
  speed(time) {
    const half = Math.max(1, Math.round(this.fps / 6));
    const middle = Math.round(time);
    const start = this.loops ? Math.max(0, middle - half) : Math.min(Math.max(0, middle - half), this.frames - 1);
    const end = this.loops ? middle + half : Math.min(middle + half, this.frames - 1);
    if (end <= start) return 0;
    const [a, b] = [this.ground(start), this.ground(end)];
    return Math.hypot(b[0] - a[0], b[1] - a[1]) * this.fps / (end - start);
  }

  /** The join nearest to a time in frames, and how many frames away it is. */
  nearestJoin(time) {
    let best = null;
    const local = this.loops ? time - Math.floor(time / this.frames) * this.frames : time;
    for (const join of this.joins) {
      let away = Math.abs(local - join.frame + 0.5);
      if (this.loops) away = Math.min(away, this.frames - away);
      if (best === null || away < best.away) best = { join, away };
    }
    return best;
  }

  /** Footprints seen at a time in frames: [{places, foot, age}], age in seconds since the foot left. */
  printsAt(time, seconds) {
    const seen = [];
    const reach = seconds * this.fps;
    const low = this.loops ? Math.max(0, Math.floor((time - reach) / this.frames) - 1) : 0;
    const high = this.loops ? Math.floor(time / this.frames) : 0;
    for (let cycle = low; cycle <= high; cycle++) {
      const local = time - cycle * this.frames;
      for (let i = 0; i < this.stood.length; i += 3) {
        const first = this.stood[i];
        if (first > local) continue;
        const age = Math.max(0, local - this.stood[i + 1]) / this.fps;
        if (age >= seconds) continue;
        const foot = this.stood[i + 2];
        const at = 4 * (i / 3);
        const heel = this.moved(cycle, this.prints[at], this.prints[at + 1]);
        const ball = this.moved(cycle, this.prints[at + 2], this.prints[at + 3]);
        seen.push({ heel, ball, foot, age });
      }
    }
    return seen;
  }
}

function normalise(turns) {
  for (let k = 0; k < turns.length; k += 4) {
    const length = Math.hypot(turns[k], turns[k + 1], turns[k + 2], turns[k + 3]) || 1;
    for (let n = k; n < k + 4; n++) turns[n] /= length;
  }
}
