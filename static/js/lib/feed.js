// static/js/lib/feed.js - what this tab knows: the cursor, and the newest `seq` of each key. State, not events.
export class Feed {
  cursor = 0
  #seqs = new Map()

  // The notifications that are news here. `since` is what the answer was asked with, perhaps by another tab: a tab
  // that missed an answer keeps its own cursor, and so asks for what it missed when its turn comes.
  take(answer, since) {
    if (answer.reset) this.#seqs.clear()
    const fresh = answer.notifications.filter(({ key, seq }) => seq > (this.#seqs.get(key) ?? 0))
    for (const { key, seq } of fresh) this.#seqs.set(key, seq)
    if (answer.reset) this.cursor = answer.cursor
    else if (since <= this.cursor) this.cursor = Math.max(this.cursor, answer.cursor)
    return fresh
  }

  startOver() {
    this.cursor = 0
  }
}
