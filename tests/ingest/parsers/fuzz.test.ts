/** Hostile input is the normal case: whatever a line holds, a parser answers, and what it answers can be stored. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gatherLines } from '../../../ingest/collect/lines.ts'
import { type Event, toDocument, typeOf } from '../../../ingest/event.ts'
import type { Memory } from '../../../ingest/memory.ts'
import { canonicalAddress } from '../../../ingest/ip.ts'
import { address } from '../../../ingest/parsers/address.ts'
import { parsers } from '../../../ingest/parsers/index.ts'
import { runs } from '../../random.ts'
import { ARRIVED, stageOf } from './lines.ts'

const checkScalar = (name: string, value: unknown): void => {
  if (typeof value === 'number') expect(Number.isFinite(value), `${name} is ${value}`).toBe(true)
  else if (typeof value === 'string') expect(value, name).not.toBe('')
  else expect(typeof value, name).toBe('boolean')
  const type = typeOf(name)
  if (type === 'ip') expect(canonicalAddress(value as string), name).toBe(value)
  if (type === 'long' || type === 'date') expect(Number.isSafeInteger(value), `${name} is ${String(value)}`).toBe(true)
  if (type === 'keyword') expect(typeof value, name).toBe('string')
}

/** Those of ECS that a log can be. */
const KINDS = ['event', 'alert', 'metric', 'state', 'enrichment', 'asset']
const check = (event: Event): void => {
  expect(Number.isSafeInteger(event['@timestamp'])).toBe(true)
  if (event['event.kind'] === 'pipeline_error') {
    const error = String(event['error.message'])
    expect(error.length).toBeGreaterThan(10)
    expect(error.length).toBeLessThan(1000)
    return
  }
  expect(KINDS).toContain(event['event.kind'])
  for (const [name, value] of Object.entries(event)) {
    if (Array.isArray(value)) {
      expect(value.length, name).toBeGreaterThan(0)
      for (const one of value) checkScalar(name, one)
    } else if (name !== 'event.original' || value !== '') checkScalar(name, value)
  }
  expect(JSON.parse(JSON.stringify(event))).toEqual({ ...event })
  toDocument(event)
}
/** One line, its ending and what ends it taken for part of it. */
const answered = (stage: ReturnType<typeof stageOf>, line: string, memory: Memory): readonly [Event[], Memory] => {
  const bytes = Buffer.from(line)
  const lines = gatherLines(bytes)
  lines.add(0, bytes.length, bytes.length + 1)
  const made = stage({ lines: lines.lines(), from: 0, prefix: 'x', now: ARRIVED, memory, rested: true })
  expect(JSON.parse(JSON.stringify(made.memory))).toEqual(made.memory)
  return [made.packed, made.memory]
}

const lines = [...parsers.keys()].flatMap((id) => {
  const folder = join(import.meta.dirname, id)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
})
const memories: Memory[] = [
  [],
  [['', { fields: ['date', 'time', 'cs-uri-stem', 'c-ip', 'sc-status'] }]],
  [['', { fields: [] }]],
  [['', { fields: 'no list' }]],
  [['', { fields: ['time', 'c-ip'], date: '2026-05-14' }]],
]

const fragment = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '"',
    '\\',
    '\\"',
    '=',
    ' ',
    '\0',
    '[',
    ']',
    '-',
    '%',
    '\\x',
    '\\xff',
    '\ud800',
    ':',
    ',',
    '{',
    '\ufeff',
    '9'.repeat(40),
    ' a="',
    'srcip=',
    '__proto__=',
  ),
)
const mutated = fc
  .tuple(fc.constantFrom(...lines), fc.array(fc.tuple(fc.nat(2000), fc.nat(40), fragment), { maxLength: 6 }))
  .map(([line, edits]) =>
    edits.reduce((text, [at, cut, put]) => {
      const i = at % (text.length + 1)
      return text.slice(0, i) + put + text.slice(i + cut)
    }, line),
  )
const junk = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const any = fc.oneof(
  { weight: 6, arbitrary: mutated },
  { weight: 1, arbitrary: junk },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
)

describe.each([...parsers.keys()])('%s', (id) => {
  const stage = stageOf(id)
  test('answers every line with what can be stored', () => {
    fc.assert(
      fc.property(any, fc.constantFrom(...memories), (line, memory) => {
        for (const event of answered(stage, line, memory)[0]) check(event)
      }),
      { numRuns: runs(1200) },
    )
  })
  test('gives the same answer again, whatever came between', () => {
    fc.assert(
      fc.property(any, any, (line, other) => {
        const once = JSON.stringify(answered(stage, line, []))
        answered(stage, other, [])
        expect(JSON.stringify(answered(stage, line, []))).toBe(once)
      }),
      { numRuns: runs(300) },
    )
  })
})

test('address is canonicalAddress', () => {
  const part = fc.oneof(
    fc.constantFrom('0', '', '1', 'DB8', 'ffff', '00a0', '12345', 'g', '192.0.2.1', '%1'),
    fc.integer({ min: 0, max: 65535 }).map((n) => n.toString(16)),
  )
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 10 }), (parts) => {
      const text = parts.join(':')
      expect(address(text)).toBe(canonicalAddress(text))
    }),
    { numRuns: runs(2000) },
  )
})
