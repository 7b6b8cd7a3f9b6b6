// static/js/lib/memory.js - small choices kept for this tab; forgotten where storage is forbidden.
export function remember(key, value) {
  try {
    sessionStorage.setItem(`microblog:${key}`, value)
  } catch {
    // Forbidden here: the next page begins anew.
  }
}

export function recall(key) {
  try {
    return sessionStorage.getItem(`microblog:${key}`)
  } catch {
    return null
  }
}
