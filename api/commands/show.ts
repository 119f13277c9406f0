/** How commands print: tables for a person, NDJSON for a program, a bar where there is a terminal. */
import { SingleBar } from 'cli-progress'
import type { ImportProgress } from '../import.ts'
import { printable, printableCell } from './printable.ts'

/** Shows progress on a terminal and is quiet in a pipe. */
export const openBar = (): { update(progress: ImportProgress): void; stop(): void } => {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} }
  const bar = new SingleBar({
    format: '{bar} {percentage} % · {lines} lines · {speed} lines/s · {eta_formatted}',
    hideCursor: true,
    stream: process.stderr,
  })
  const began = performance.now()
  let started = false
  return {
    update: ({ lines, bytes, total }) => {
      const speed = Math.round((lines * 1000) / (performance.now() - began))
      if (!started) bar.start(total, 0, { lines, speed })
      started = true
      bar.update(Math.min(bytes, total), { lines, speed })
    },
    stop: () => bar.stop(),
  }
}

/** The same of a part of a whole, 0 to 1, with what was found so far. */
export const openPart = (): { update(done: number, found: number): void; stop(): void } => {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} }
  const bar = new SingleBar({
    format: '{bar} {percentage} % · {found} hits · {duration_formatted}',
    hideCursor: true,
    stream: process.stderr,
  })
  bar.start(1000, 0, { found: 0 })
  return { update: (done, found) => bar.update(Math.round(done * 1000), { found }), stop: () => bar.stop() }
}

export const table = (given: readonly (readonly (string | number)[])[]): string => {
  const rows = given.map((row) => row.map((cell) => (typeof cell === 'number' ? cell : printableCell(cell))))
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => String(row[i] ?? '').length))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, i) =>
          typeof cell === 'number' ? String(cell).padStart(widths[i]!) : String(cell).padEnd(widths[i]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Prints lines, waiting where the reader is slow. */
export const print = async (lines: readonly string[]): Promise<void> => {
  if (lines.length && !process.stdout.write(`${printable(lines.join('\n'))}\n`))
    await new Promise((resolve) => process.stdout.once('drain', resolve))
}
