/** Which characters fonts have, as their files say (OpenType `cmap`, formats 4 and 12): a page for readers with a screen reader may show no other. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FONT = /\.(ttf|otf|ttc|otc)$/i
const COLLECTION = 0x74746366
const CMAP = 0x636d6170
/** What stands where a character cannot be shown: every font of the program has it. */
export const UNSHOWN = '□'
/** Has no picture of its own in any font, and needs none. */
const PICTURELESS = /[\s\p{Default_Ignorable_Code_Point}]/u

type Range = readonly [first: number, last: number]

const rangesOf = (table: Buffer): Range[] => {
  const format = table.readUInt16BE(0)
  if (format === 12)
    return Array.from({ length: table.readUInt32BE(12) }, (_, i) => [
      table.readUInt32BE(16 + 12 * i),
      table.readUInt32BE(20 + 12 * i),
    ])
  if (format !== 4) return []
  const twice = table.readUInt16BE(6)
  return Array.from({ length: twice / 2 }, (_, i) => [
    table.readUInt16BE(16 + twice + 2 * i),
    // The last one says only where the table ends.
    Math.min(0xfffe, table.readUInt16BE(14 + 2 * i)),
  ])
}
const charactersOf = (font: Buffer): Range[] => {
  const begin = font.readUInt32BE(0) === COLLECTION ? font.readUInt32BE(12) : 0
  for (let i = 0; i < font.readUInt16BE(begin + 4); i++) {
    const entry = begin + 12 + 16 * i
    if (font.readUInt32BE(entry) !== CMAP) continue
    const cmap = font.subarray(font.readUInt32BE(entry + 8))
    return Array.from({ length: cmap.readUInt16BE(2) }, (_, n) => cmap.readUInt32BE(8 + 8 * n)).flatMap((at) =>
      rangesOf(cmap.subarray(at)),
    )
  }
  return []
}

/** Of a text what no font of these folders has becomes a box. */
export const openGlyphs = (folders: readonly string[]): ((text: string) => string) => {
  const ranges = folders.flatMap((folder) =>
    !existsSync(folder)
      ? []
      : readdirSync(folder)
          .filter((name) => FONT.test(name))
          .flatMap((name) => charactersOf(readFileSync(join(folder, name)))),
  )
  const known = new Map<string, boolean>()
  const has = (character: string): boolean => {
    let found = known.get(character)
    if (found === undefined) {
      const code = character.codePointAt(0)!
      found = PICTURELESS.test(character) || ranges.some(([first, last]) => first <= code && code <= last)
      known.set(character, found)
    }
    return found
  }
  return (text) => Array.from(text, (character) => (has(character) ? character : UNSHOWN)).join('')
}
