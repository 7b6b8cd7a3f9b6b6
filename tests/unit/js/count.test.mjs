import assert from "node:assert/strict"
import { test } from "node:test"
import { count, words } from "../../../static/js/lib/count.js"

// the same cases as in tests/unit/test_texts.py
const CASES = [
  ["abc", 3], ["e\u0301", 1], ["q\u0301\u0323", 1], ["👍🏽", 1], ["❤️", 1], ["👩‍👩‍👧‍👦", 1], ["🇩🇪🇫🇷", 2], ["日本", 2], ["각", 1],
  ["நி", 1], ["a\nb", 3], ["\u200b", 0], ["", 0],
]

for (const [text, length] of CASES) {
  test(`${JSON.stringify(text)} has ${length}`, () => assert.equal(count(text), length))
}

test("what is around the words does not count", () => assert.equal(count("  a \n"), 1))

test("the words say how many are left", () => {
  assert.equal(words(500), "500 characters left")
  assert.equal(words(1), "1 character left")
  assert.equal(words(0), "0 characters left")
  assert.equal(words(-1), "1 character too many")
  assert.equal(words(-1234), "1,234 characters too many")
})
