import assert from "node:assert/strict"
import { test } from "node:test"
import { Feed } from "../../../static/js/lib/feed.js"

const answer = (cursor, rows, more = {}) =>
  ({ cursor, reset: false, notifications: rows.map(([key, seq]) => ({ key, seq })), ...more })

test("a notification is news once", () => {
  const feed = new Feed()
  assert.equal(feed.take(answer(3, [["a", 2], ["b", 3]]), 0).length, 2)
  assert.equal(feed.take(answer(3, [["a", 2], ["b", 3]]), 0).length, 0)
  assert.equal(feed.cursor, 3)
})

test("a stale seq is dropped for its key alone", () => {
  const feed = new Feed()
  feed.take(answer(5, [["a", 5]]), 0)
  assert.deepEqual(feed.take(answer(5, [["a", 4], ["b", 4]]), 0).map(({ key }) => key), ["b"])
})

test("the cursor never goes back", () => {
  const feed = new Feed()
  feed.take(answer(9, []), 0)
  feed.take(answer(7, []), 0)
  assert.equal(feed.cursor, 9)
})

test("a reset starts over, below the old cursor", () => {
  const feed = new Feed()
  feed.take(answer(900, [["a", 900]]), 0)
  const fresh = feed.take(answer(4, [["a", 4]], { reset: true }), 900)
  assert.equal(fresh.length, 1)
  assert.equal(feed.cursor, 4)
})

test("a tab that missed an answer keeps its cursor, and so asks for what it missed", () => {
  const feed = new Feed()
  feed.take(answer(5, [["a", 5]]), 0)
  const fresh = feed.take(answer(12, [["a", 12]]), 8)    // another tab had asked from 8
  assert.equal(fresh.length, 1)
  assert.equal(feed.cursor, 5)
})
