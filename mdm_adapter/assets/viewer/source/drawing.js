// What every page draws with: a renderer of panels, and the colours of its style sheet.

import { PCFShadowMap, WebGLRenderer } from "three";

const NAMES = ["paper", "tile", "faint", "shadow", "body", "left", "right", "face", "join"];

/** A renderer whose panels are cut out by a scissor; null where there is no WebGL 2. */
export function rendererOf(canvas) {
  try {
    const renderer = new WebGLRenderer({ canvas, antialias: true });
    renderer.shadowMap.enabled = true;
    renderer.shadowMap.type = PCFShadowMap;
    renderer.setScissorTest(true);
    return renderer;
  } catch {
    return null;
  }
}

/** Colours by name, as the style sheet has them now. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ...Object.fromEntries(NAMES.map((name) => [name, colour(name)])),
    segments: Array.from({ length: 8 }, (_, i) => colour(`segment-${i}`)),
    dark: colour("dark") === "1",
  };
}
