/** What stands behind a line is another's: a line that was cut off says the same, whatever follows it in memory. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gatherLines } from '../../../ingest/collect/lines.ts'
import { parsers } from '../../../ingest/parsers/index.ts'
import { ARRIVED, stageOf } from './lines.ts'

/** Lines of a parser, and bytes between two cuts. */
const MOST = 40
const STEP = 5
const linesOf = (id: string): string[] => {
  const folder = join(import.meta.dirname, id)
  const all = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
  const step = Math.max(1, Math.floor(all.length / MOST))
  return all.filter((line, i) => line !== '' && line.length < 1500 && i % step === 0)
}
const LF = Buffer.from('\n')
const said = (stage: ReturnType<typeof stageOf>, bytes: Buffer, cut: number, more: boolean) => {
  // A line ends with LF in memory, however it came.
  const all = Buffer.concat([bytes.subarray(0, cut), LF, ...(more ? [bytes.subarray(cut), LF] : [])])
  const lines = gatherLines(all)
  lines.add(0, cut, cut + 1)
  if (more) lines.add(cut + 1, all.length - 1, all.length)
  const made = stage({ lines: lines.lines(), from: 0, prefix: 'x', now: ARRIVED, memory: [], rested: true })
  return made.packed.filter((event) => /^x-0(?:\.\d+)?$/.test(String(event['event.id'])))
}

test.each([...parsers.keys()].filter((id) => parsers.get(id)!.joiner === undefined))('%s', (id) => {
  const stage = stageOf(id)
  for (const line of linesOf(id)) {
    const bytes = Buffer.from(line)
    for (let cut = 1 + (bytes.length % STEP); cut < bytes.length; cut += STEP) {
      // Not within a character: what is no text is mended in a memory of its own.
      if ((bytes[cut]! & 0xc0) === 0x80) continue
      const alone = said(stage, bytes, cut, false)
      const followed = said(stage, bytes, cut, true)
      if (JSON.stringify(followed) !== JSON.stringify(alone))
        expect({ cut: line.slice(0, cut), behind: line.slice(cut), events: followed }).toEqual({
          cut: line.slice(0, cut),
          behind: line.slice(cut),
          events: alone,
        })
    }
  }
})
