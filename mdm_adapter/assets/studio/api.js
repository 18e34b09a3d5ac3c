// The server, asked with the token that stands in the address behind #. It is never sent as part of an address.

const [token, project] = location.hash.slice(1).split("/");

export const address = { token, project: project ?? "" };

/** Let a reload, or a second tab, come back to a project. */
export function remember(id) {
  address.project = id;
  history.replaceState(null, "", `#${token}/${id}`);
}

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { Authorization: `Bearer ${token}`, ...options.headers } });
  } catch {
    throw new Refused("the studio's server does not answer; start it again, nothing is lost", 0);
  }
  if (answer.ok) return answer;
  let line = `the server answers ${answer.status}`;
  try {
    line = (await answer.json()).error ?? line;
  } catch { /* no JSON: the status has to do */ }
  throw new Refused(line, answer.status);
}

const json = { "Content-Type": "application/json" };

export const get = async (path) => (await ask(path)).json();
export const send = async (method, path, body) =>
  (await ask(path, { method, headers: json, body: JSON.stringify(body) })).json();
export const post = (path, body = {}) => send("POST", path, body);
export const upload = async (path, blob, type) =>
  (await ask(path, { method: "POST", headers: { "Content-Type": type }, body: blob })).json();
export const drop = async (path) => (await ask(path, { method: "DELETE" })).json();

/** A motion as the scene draws it: what `scene.scene_bytes` packed, null where there is none; its buffers are views of one block of memory. */
export async function scene(path) {
  const answer = await ask(path);
  if (answer.status === 204) return null;
  const block = await answer.arrayBuffer();
  const size = new DataView(block).getUint32(4, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(block, 8, size)));
  head.buffers = head.buffers.map(([at, length]) => [block, 8 + size + at, length]);
  return { ...head, step: Number(answer.headers.get("X-Step") ?? 0) };
}

/** Hand a file of the server to the reader. */
export async function download(path, name) {
  const blob = await (await ask(path)).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
