/** Numbers, times and lengths of time as official letters write them. */
import type { Level } from '../../rules/rule.ts'

const NUMBER = new Intl.NumberFormat('vi-VN')
const SHARE = new Intl.NumberFormat('vi-VN', { maximumFractionDigits: 1 })
const two = (n: number): string => String(n).padStart(2, '0')

/** 1.296 */
export const number = (n: number): string => NUMBER.format(n)
/** In a sentence, below ten with a zero before it, so that nobody adds a digit: 02, 0. */
export const count = (n: number): string => (n > 0 && n < 10 ? two(n) : NUMBER.format(n))
/** A share of 1: 94,7%. */
export const percent = (share: number): string => `${SHARE.format(share * 100)}%`
/** With a sign, a true minus. */
export const signed = (n: number): string => (n > 0 ? `+${number(n)}` : n < 0 ? `−${number(-n)}` : '0')

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** ms: 01 phút 54 giây; 07 giờ 20 phút; 52 giờ; 05 ngày. */
export const duration = (ms: number): string => {
  const of = (unit: number, under = Number.POSITIVE_INFINITY) => Math.floor((ms % under) / unit)
  const pair = (a: string, b: number, unit: string) => (b > 0 ? `${a} ${two(b)} ${unit}` : a)
  if (ms < MINUTE) return `${two(of(SECOND))} giây`
  if (ms < HOUR) return pair(`${two(of(MINUTE))} phút`, ms < 10 * MINUTE ? of(SECOND, MINUTE) : 0, 'giây')
  if (ms < DAY) return pair(`${two(of(HOUR))} giờ`, of(MINUTE, HOUR), 'phút')
  return ms < 4 * DAY ? `${of(HOUR)} giờ` : `${two(of(DAY))} ngày`
}

const local = (at: number, shift: number): Date => new Date(at + shift)
/** 15/10/2026. `shift`: ms that the province's clock is ahead of UTC. */
export const dayText = (at: number, shift: number): string => {
  const d = local(at, shift)
  return `${two(d.getUTCDate())}/${two(d.getUTCMonth() + 1)}/${d.getUTCFullYear()}`
}
export const timeText = (at: number, shift: number): string => {
  const d = local(at, shift)
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())} ${dayText(at, shift)}`
}
/** 00 giờ 00 phút ngày 15 tháng 9 năm 2026 */
export const momentText = (at: number, shift: number): string => {
  const d = local(at, shift)
  return `${two(d.getUTCHours())} giờ ${two(d.getUTCMinutes())} phút ngày ${two(d.getUTCDate())} tháng ${d.getUTCMonth() + 1} năm ${d.getUTCFullYear()}`
}
/** The end of a span as its last day has it: midnight is 24 o'clock of the day before. */
export const endText = (at: number, shift: number): string =>
  (at + shift) % DAY === 0 ? momentText(at - 1, shift).replace(/^23 giờ 59/, '24 giờ 00') : momentText(at, shift)

export const LEVEL: { readonly [level in Level]: string } = {
  critical: 'Nghiêm trọng',
  high: 'Cao',
  medium: 'Trung bình',
  low: 'Thấp',
  informational: 'Thông tin',
}
/** What the schemes of control signs and of writing from right to left do to a line is no part of a report. */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu
/** Of texts that others write (logs, names): one line, without signs that change how it is read, not longer than a page bears. */
export const plain = (text: string, longest = 400): string => {
  const clean = text.toWellFormed().replaceAll(UNSEEN, '·')
  return clean.length > longest ? `${clean.slice(0, longest).toWellFormed()}…` : clean
}
