// static/js/lib/pace.js - when to ask next: the server's word, slower where nobody looks.
const HIDDEN_MS = 60_000
const ALONE_SPREAD = 0.2

// Milliseconds until the next poll, or null: not until something wakes us.
export function nextMs({ answer, hidden, shared, random = Math.random }) {
  if (answer.more) return 0
  if (hidden) return answer.active > 0 ? HIDDEN_MS : null
  const ms = answer.poll.next_ms
  // Tabs that cannot agree on a leader must not beat in step.
  return shared ? ms : Math.round(ms * (1 + ALONE_SPREAD * (2 * random() - 1)))
}
