'use strict';
/** Parses ISO 8601 dates and times in all forms that Python accepts. */

const DATE = /^(?:(\d{4})-(\d\d)-(\d\d)|(\d{4})(\d\d)(\d\d)(?!\d)|(\d{4})-?W(\d\d)(?:-?(\d))?)/;
const TIME = /^(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?|(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)?(.*)$/s;
const ZONE = /^(?:Z|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?)$/;
const DAY = 86_400_000;

/**
 * @typedef {object} Moment
 * @property {number} seconds since the Unix epoch
 * @property {boolean} hasZone
 */

/**
 * Parse a date and time; null if it is not valid.
 * @param {unknown} value
 * @returns {Moment | null}
 */
function readMoment(value) {
  if (typeof value !== 'string') return null;
  const date = DATE.exec(value);
  const day = date && dayOf(date);
  if (!date || day === null || Number.isNaN(day)) return null;
  const rest = value.slice(date[0].length);
  if (!rest) return { seconds: day / 1000, hasZone: false };
  const separator = Array.from(rest.slice(0, 2))[0];
  const clock = clockOf(rest.slice(separator.length));
  return clock && { seconds: day / 1000 + clock.seconds, hasZone: clock.hasZone };
}

/**
 * @param {RegExpExecArray} found
 * @returns {number | null}
 */
function dayOf(found) {
  if (found[7]) return dayOfWeek(Number(found[7]), Number(found[8]), found[9] === undefined ? 1 : Number(found[9]));
  const [year, month, day] = (found[1] ? [found[1], found[2], found[3]] : [found[4], found[5], found[6]]).map(Number);
  const moment = utc(year, month - 1, day);
  const read = new Date(moment);
  return year > 0 && read.getUTCMonth() === month - 1 && read.getUTCDate() === day ? moment : null;
}

/**
 * @param {number} year
 * @param {number} week
 * @param {number} day
 */
function dayOfWeek(year, week, day) {
  if (year < 1 || week < 1 || week > 53 || day < 1 || day > 7) return null;
  const fourth = utc(year, 0, 4);
  const weekday = (new Date(fourth).getUTCDay() + 6) % 7;
  const moment = fourth - weekday * DAY + (week - 1) * 7 * DAY;
  // A 53rd week belongs to this year only if its Thursday does.
  if (new Date(moment + 3 * DAY).getUTCFullYear() !== year) return null;
  return moment + (day - 1) * DAY;
}

/**
 * @param {number} year
 * @param {number} month
 * @param {number} day
 */
function utc(year, month, day) {
  const moment = new Date(0);
  moment.setUTCFullYear(year, month, day);
  return moment.getTime();
}

/** @param {string} said */
function clockOf(said) {
  const found = TIME.exec(said);
  if (!found) return null;
  const [hour, minute, second] = [found[1], found[2] ?? found[5] ?? '0', found[3] ?? found[6] ?? '0'].map(Number);
  const fraction = Number(`0.${(found[4] ?? found[7] ?? '0').slice(0, 6)}`);
  if (hour > 23 || minute > 59 || second > 59) return null;
  const seconds = hour * 3600 + minute * 60 + second + fraction;
  if (!found[8]) return { seconds, hasZone: false };
  const zone = ZONE.exec(found[8]);
  if (!zone) return null;
  const [hours, minutes, more] = [zone[2] ?? '0', zone[3] ?? '0', zone[4] ?? '0'].map(Number);
  if (hours > 23 || minutes > 59 || more > 59) return null;
  const offset = hours * 3600 + minutes * 60 + more;
  return { seconds: seconds - (zone[1] === '-' ? -offset : offset), hasZone: true };
}

/**
 * Return whether a text is an ISO 8601 date and time with a zone.
 * @param {string} value
 */
function isDateTime(value) {
  const moment = readMoment(value);
  return moment !== null && moment.hasZone;
}

/**
 * Parse an ISO 8601 date and time as seconds since the Unix epoch; null if it is not valid.
 * @param {unknown} value
 */
function secondsOf(value) {
  const moment = readMoment(value);
  return moment && moment.seconds;
}

module.exports = { isDateTime, secondsOf };
