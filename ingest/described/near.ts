/** Why no reading of a description takes a line: how far each comes. For whoever writes one; no line of a source is asked this. */
import { RE2JS } from 're2js'
import type { Description } from './described.ts'
import { plainOf } from './pattern.ts'

const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text)
const shown = (text: string): string => JSON.stringify(short(text))

/** Groups and classes of the beginning of a pattern closed; undefined where it ends within an escape or a repetition. */
const closed = (part: string): string | undefined => {
  let open = 0
  for (let i = 0; i < part.length; i++) {
    if (part[i] === '\\') {
      if (++i >= part.length) return undefined
    } else if (part[i] === '[') {
      let end = i + (part[i + 1] === '^' ? 2 : 1)
      if (part[end] === ']') end++
      while (end < part.length && part[end] !== ']') end += part[end] === '\\' ? 2 : 1
      if (end >= part.length) return undefined
      i = end
    } else if (part[i] === '(') open++
    else if (part[i] === ')') open--
  }
  return part + ')'.repeat(open)
}

/** The longest beginning of a pattern that some beginning of the line is of, and where that ends. */
const reach = (plain: string, line: string): { pattern: number; line: number } => {
  for (let to = plain.length; to > 0; to--) {
    const part = closed(plain.slice(0, to))
    if (part === undefined) continue
    try {
      const m = RE2JS.compile(`(?:${part})`).matcher(line)
      if (m.lookingAt()) return { pattern: to, line: m.end() }
    } catch {
      // No pattern yet.
    }
  }
  return { pattern: 0, line: 0 }
}

/** A sentence a reading. */
export const nearestOf = ({ read }: Description, line: string): readonly string[] =>
  read.map((each, i) => {
    if (each.json) return `read.${i}: no JSON object`
    if (each.csv) {
      const separator = each.separator ?? ','
      return `read.${i}: ${each.csv.length} columns are described, ${line.split(separator).length} are there`
    }
    if (each.pattern === undefined) return `read.${i}: none of the keys stands there`
    const plain = plainOf(each.pattern)
    const { pattern, line: at } = reach(plain, line)
    // A group that is only begun took nothing.
    const left = plain.slice(plain.slice(0, pattern).replace(/(?:(?<!\\)\((?:\?:)?)+$/, '').length)
    if (left === '') return `read.${i}: the pattern ends at column ${at + 1}, before ${shown(line.slice(at))}`
    return `read.${i}: the pattern comes as far as column ${at + 1}: \`${short(left)}\` does not take ${at < line.length ? shown(line.slice(at)) : 'the end of the line'}`
  })
