import assert from "node:assert/strict"
import { test } from "node:test"
import { badgeText } from "../../../static/js/lib/badge.js"
import { nextValue, plainText, titlePrefix } from "../../../static/js/lib/bar.js"
import { ago, sentence } from "../../../static/js/lib/freshness.js"
import { freshKey } from "../../../static/js/lib/post.js"

test("a bar never falls, unless its run begins again", () => {
  assert.equal(nextValue(null, 3), 3)
  assert.equal(nextValue(42, 41), 42)
  assert.equal(nextValue(42, 43), 43)
  assert.equal(nextValue(42, null), null)
})

test("a hidden tab's title tells how far, and how it ended", () => {
  assert.equal(titlePrefix({ state: "running", percent: 42 }), "(42%) ")
  assert.equal(titlePrefix({ state: "queued", percent: null }), "(…) ")
  assert.equal(titlePrefix({ state: "failed", percent: 42 }), "(failed) ")
  assert.equal(titlePrefix({ state: "failed", percent: 42, seen: true }), "")
  assert.equal(titlePrefix(undefined), "")
})

test("the tutorial's notification is a sentence, until it is old and over", () => {
  const at = (data, timestamp) => plainText({ data, timestamp }, "2026-11-22T07:10:00.000Z")
  assert.equal(at({ step: 3, total: 10 }, "2026-11-22T07:00:00.000Z"), "Progress: 30%")
  assert.equal(at({ task_id: "x", progress: 75 }, "2026-11-22T07:00:00.000Z"), "Progress: 75%")
  assert.equal(at({ step: 10, total: 10 }, "2026-11-22T07:09:30.000Z"), "Progress: 100%")
  assert.equal(at({ step: 10, total: 10 }, "2026-11-22T07:00:00.000Z"), null)
  assert.equal(at({ step: 1, total: 0 }, "2026-11-22T07:00:00.000Z"), null)
})

test("how old the news are is said in words", () => {
  assert.equal(ago(1000), "just now")
  assert.equal(ago(40_000), "40 s ago")
  assert.equal(ago(125_000), "2 min ago")
  assert.equal(ago(7_300_000), "2 h ago")
  assert.equal(sentence("offline", 0, 125_000), "Offline: last update 2 min ago")
  assert.equal(sentence("unwell", null, 0), "The server does not answer: no update yet")
})

test("a key can be made without randomUUID", () => {
  const plain = { getRandomValues: (array) => array.fill(7) }
  assert.match(freshKey(plain), /^\w+(-\w+){3}$/)
  assert.notEqual(freshKey(), freshKey())
})

test("a badge says nothing of none, and no more than two digits", () => {
  assert.deepEqual([0, 1, 99, 100, null, -1].map(badgeText), ["", "1", "99", "99+", "", ""])
})
