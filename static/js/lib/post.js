// static/js/lib/post.js - sends a form as the page would, but asks for JSON.
export function send(form, submitter, { fetch = globalThis.fetch, key = null } = {}) {
  const headers = { Accept: "application/json" }
  if (key) headers["Idempotency-Key"] = key
  return fetch(form.getAttribute("action"), { method: "POST", body: fields(form, submitter, key), headers, credentials: "same-origin" })
}

function fields(form, submitter, key) {
  const data = new FormData(form)
  if (submitter?.name) data.append(submitter.name, submitter.value)
  if (key) data.delete("idempotency_key")
  return data
}

// randomUUID is missing on plain http; any text that nobody else makes will do.
export function freshKey(crypto = globalThis.crypto) {
  return crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("-")
}
