// Time: one clock for all figures. Loops go on for ever; what ends is held for a moment, then begins again.

const HOLD = 0.9; // seconds
export const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2, 4];

export class Clock {
  constructor(movements) {
    this.movements = movements;
    const ending = movements.filter((movement) => !movement.loops);
    this.endless = ending.length === 0;
    /** Seconds that the scrubber shows, and after which it begins again. */
    this.length = Math.max(...(this.endless ? movements : ending).map((movement) => movement.seconds));
    this.period = this.length + (this.endless ? 0 : HOLD);
    this.fps = Math.max(...movements.map((movement) => movement.fps));
    this.now = 0;
    this.speed = 1;
    this.playing = false;
  }

  get round() {
    return Math.floor(this.now / this.period + 1e-9);
  }

  /** Seconds from the start of the scrubber. */
  get shown() {
    return Math.min(Math.max(0, this.now - this.round * this.period), this.last);
  }

  /** When the last frame is shown. */
  get last() {
    return this.length - 1 / this.fps;
  }

  /** The time of a movement, in its frames. */
  of(movement) {
    return movement.loops ? this.now * movement.fps : Math.min(this.shown * movement.fps, movement.frames - 1);
  }

  tick(seconds) {
    if (this.playing) this.now += Math.min(seconds, 1) * this.speed;
  }

  seek(seconds) {
    this.now = this.round * this.period + Math.min(Math.max(0, seconds), this.last);
  }

  /** Go so many frames on, or back; whole frames, which show what the model made. */
  step(frames) {
    this.playing = false;
    const frame = Math.round(this.shown * this.fps) + frames;
    const count = Math.round(this.length * this.fps);
    if (!this.endless || frame >= 0 || this.round > 0) {
      const wrapped = this.endless ? frame - count * Math.floor(frame / count) : frame;
      if (this.endless && frame < 0) this.now -= this.period;
      if (this.endless && frame >= count) this.now += this.period;
      this.seek(wrapped / this.fps);
    }
  }

  faster(by) {
    const at = SPEEDS.indexOf(this.speed);
    this.speed = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + by))];
  }
}

export const seconds = (value) => value.toFixed(1);
