'use strict';
/** Finds similar words, with the same measure and results as Python's difflib. */

const MIN_LENGTH_FOR_POPULAR = 200;

/**
 * Return the words that are most similar to a word, best first.
 * @param {string} word
 * @param {string[]} possible
 * @param {number} most
 * @param {number} [cutoff] the minimum similarity, from 0 to 1
 */
function closeMatches(word, possible, most, cutoff = 0.6) {
  const wanted = Array.from(word);
  const places = placesOf(wanted);
  const found = [];
  for (const each of possible) {
    const letters = Array.from(each);
    const ratio = ratioOf(letters, wanted, places);
    if (ratio >= cutoff) found.push({ ratio, letters, each });
  }
  found.sort((one, other) => other.ratio - one.ratio || inOrder(other.letters, one.letters));
  return found.slice(0, most).map((match) => match.each);
}

/**
 * Compare two words by their code points.
 * @param {string[]} one
 * @param {string[]} other
 */
function inOrder(one, other) {
  for (let place = 0; place < Math.min(one.length, other.length); place += 1) {
    const apart = Number(one[place].codePointAt(0)) - Number(other[place].codePointAt(0));
    if (apart) return apart;
  }
  return one.length - other.length;
}

/**
 * Return the positions of each letter in a word. Very frequent letters of long words are left out.
 * @param {string[]} letters
 * @returns {Map<string, number[]>}
 */
function placesOf(letters) {
  /** @type {Map<string, number[]>} */
  const places = new Map();
  letters.forEach((letter, place) => {
    const known = places.get(letter);
    if (known) known.push(place);
    else places.set(letter, [place]);
  });
  if (letters.length >= MIN_LENGTH_FOR_POPULAR) {
    const popular = Math.floor(letters.length / 100) + 1;
    for (const [letter, at] of places) if (at.length > popular) places.delete(letter);
  }
  return places;
}

/**
 * @param {string[]} one
 * @param {string[]} other
 * @param {Map<string, number[]>} places where the letters of the other stand
 */
function ratioOf(one, other, places) {
  const length = one.length + other.length;
  if (!length) return 1;
  let matches = 0;
  const parts = [[0, one.length, 0, other.length]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [from, to, otherFrom, otherTo] = part;
    const [start, otherStart, size] = longestMatch(one, other, places, part);
    if (!size) continue;
    matches += size;
    if (from < start && otherFrom < otherStart) parts.push([from, start, otherFrom, otherStart]);
    if (start + size < to && otherStart + size < otherTo) parts.push([start + size, to, otherStart + size, otherTo]);
  }
  return (2 * matches) / length;
}

/**
 * @param {string[]} one
 * @param {string[]} other
 * @param {Map<string, number[]>} places
 * @param {number[]} part
 */
function longestMatch(one, other, places, [from, to, otherFrom, otherTo]) {
  let best = [from, otherFrom, 0];
  /** @type {Map<number, number>} */
  let lengths = new Map();
  for (let place = from; place < to; place += 1) {
    /** @type {Map<number, number>} */
    const next = new Map();
    for (const at of places.get(one[place]) || []) {
      if (at < otherFrom) continue;
      if (at >= otherTo) break;
      const size = (lengths.get(at - 1) || 0) + 1;
      next.set(at, size);
      if (size > best[2]) best = [place - size + 1, at - size + 1, size];
    }
    lengths = next;
  }
  let [start, otherStart, size] = best;
  // Letters that `placesOf` left out may extend the match.
  while (start > from && otherStart > otherFrom && one[start - 1] === other[otherStart - 1]) {
    [start, otherStart, size] = [start - 1, otherStart - 1, size + 1];
  }
  while (start + size < to && otherStart + size < otherTo && one[start + size] === other[otherStart + size])
    size += 1;
  return [start, otherStart, size];
}

module.exports = { closeMatches };
