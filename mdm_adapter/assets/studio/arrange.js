// Where blocks lie: order, overlaps, lanes. Plain functions on lists of blocks; nothing of the page.

export const end = (block) => block.start + block.seconds;
export const SHORTEST = 0.4; // seconds
const NOTICED = 0.025;
const tenth = (value) => Math.round(value * 20) / 20;

/** By start, of several the longest first, as the server has them. */
export const inTime = (blocks) => [...blocks].sort((a, b) => a.start - b.start || b.seconds - a.seconds);

/** Names of the blocks that lie on top of another. */
export function above(blocks) {
  const found = new Set();
  let last = null;
  for (const block of inTime(blocks)) {
    if (last && end(block) <= end(last) + 1e-9 && block.start < end(last) - NOTICED) found.add(block.id);
    else last = block;
  }
  return found;
}

export const length = (blocks) => Math.max(0, ...blocks.map(end));

/** Blocks one after the other in an order of names; what lies on top moves with what it lies on. */
export function inOrder(blocks, names) {
  const lying = above(blocks);
  const hosts = inTime(blocks).filter((block) => !lying.has(block.id));
  const hostOf = (block) => hosts.findLast((host) => host.start <= block.start + 1e-9) ?? hosts[0];
  const moved = new Map();
  let at = 0;
  for (const name of names) {
    const host = hosts.find((block) => block.id === name);
    if (!host) continue;
    moved.set(name, at - host.start);
    at += host.seconds;
  }
  return blocks.map((block) => {
    const by = moved.get(lying.has(block.id) ? hostOf(block).id : block.id) ?? 0;
    return { ...block, start: tenth(block.start + by) };
  });
}

/** A block before or after another, everything else in order behind. */
export function reordered(blocks, name, other, after) {
  const lying = above(blocks);
  const names = inTime(blocks).filter((block) => !lying.has(block.id) && block.id !== name).map((block) => block.id);
  names.splice(names.indexOf(other) + (after ? 1 : 0), 0, name);
  return inOrder(blocks, names);
}

/** A block at another start: it snaps to its neighbours' edges and overlaps them by half of the shorter at most. */
export function movedTo(blocks, name, start, snap) {
  const block = blocks.find((b) => b.id === name);
  const lying = above(blocks);
  const others = inTime(blocks).filter((b) => b.id !== name && !lying.has(b.id));
  let at = Math.max(0, start);
  for (const edge of [0, ...others.map(end)]) if (Math.abs(at - edge) < snap) at = edge;
  for (const edge of others.map((b) => b.start)) if (Math.abs(at + block.seconds - edge) < snap) at = edge - block.seconds;
  for (const other of others) {
    const most = Math.min(other.seconds, block.seconds) / 2;
    const before = other.start + other.seconds / 2 < at + block.seconds / 2;
    if (before && end(other) - at > most) at = end(other) - most;
    if (!before && at + block.seconds - other.start > most) at = other.start + most - block.seconds;
  }
  return blocks.map((b) => (b.id === name ? { ...b, start: Math.max(0, tenth(at)) } : b));
}

/** A block laid on top of another, as long as that allows. */
export function onTop(blocks, name, start) {
  const block = blocks.find((b) => b.id === name);
  const middle = start + block.seconds / 2;
  const lying = above(blocks);
  const host = blocks.find((b) => b.id !== name && !lying.has(b.id) && b.start <= middle && middle < end(b));
  if (!host || host.clip || block.clip) return null;
  const seconds = Math.min(block.seconds, Math.max(SHORTEST, host.seconds - 0.2));
  const at = Math.min(Math.max(host.start + 0.1, start), end(host) - seconds);
  return blocks.map((b) => (b.id === name ? { ...b, start: tenth(at), seconds: tenth(seconds), transition: null } : b));
}

/** A block with another length; those behind it move along unless they are to stay (then a gap or an overlap grows). */
export function stretched(blocks, name, seconds, { stay = false, most = 3600 } = {}) {
  const block = blocks.find((b) => b.id === name);
  const long = tenth(Math.min(most, Math.max(SHORTEST, seconds)));
  const by = long - block.seconds;
  const lying = above(blocks);
  const limit = stay ? inTime(blocks).find((b) => b.start > block.start && !lying.has(b.id)) : null;
  const allowed = limit ? Math.min(long, limit.start - block.start + Math.min(limit.seconds, long) / 2) : long;
  return blocks.map((b) => {
    if (b.id === name) return { ...b, seconds: tenth(allowed) };
    const follows = !stay && !lying.has(name) && b.start >= end(block) - Math.min(b.seconds, block.seconds) / 2 - 1e-9 && b.start > block.start;
    return follows ? { ...b, start: tenth(Math.max(0, b.start + by)) } : b;
  });
}

/** Without a block; what is behind closes up. */
export function without(blocks, name) {
  const block = blocks.find((b) => b.id === name);
  const lying = above(blocks).has(name);
  return blocks.filter((b) => b.id !== name).map((b) =>
    (!lying && b.start >= end(block) - 0.5 * Math.min(b.seconds, block.seconds) - 1e-9 ? { ...b, start: tenth(Math.max(0, b.start - block.seconds)) } : b));
}

/** With a block after another, or at the end. */
export function withAfter(blocks, block, name) {
  const last = blocks.find((b) => b.id === name);
  const at = last ? end(last) : length(blocks);
  const shifted = last ? blocks.map((b) => (b.start >= at - 1e-9 ? { ...b, start: tenth(b.start + block.seconds) } : b)) : blocks;
  return [...shifted, { ...block, start: tenth(at) }];
}
