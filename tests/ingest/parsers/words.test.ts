/** What holds of the events of all parsers together: ECS's own words where it has some, and one type a field. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ALLOWED } from '../../../ingest/parsers/ecs_values.ts'
import { parsers } from '../../../ingest/parsers/index.ts'
import { parsed } from './lines.ts'

const lines = [...parsers.keys()].map((id) => {
  const folder = join(import.meta.dirname, id)
  const logs = readdirSync(folder).filter((name) => name.endsWith('.log'))
  return [id, logs.map((name) => readFileSync(join(folder, name)))] as const
})
const events = lines.flatMap(([id, logs]) =>
  logs.flatMap((log) => parsed(id, log).map((event) => [id, event as Record<string, unknown>] as const)),
)

test.each(Object.keys(ALLOWED))('%s has only values that ECS allows', (name) => {
  for (const [id, event] of events)
    for (const value of [event[name] ?? []].flat())
      expect(ALLOWED[name]!.has(String(value)), `${id}: ${String(value)}`).toBe(true)
})

test('a field has one type, whoever says it', () => {
  const types = new Map<string, readonly [type: string, id: string]>()
  const wrong: string[] = []
  for (const [id, event] of events)
    for (const [name, value] of Object.entries(event)) {
      if (name === 'error') continue
      for (const one of [value].flat()) {
        const known = types.get(name)
        if (!known) types.set(name, [typeof one, id])
        else if (known[0] !== typeof one) wrong.push(`${name}: ${known[0]} of ${known[1]}, ${typeof one} of ${id}`)
      }
    }
  expect([...new Set(wrong)]).toEqual([])
})

test('whatever another device wrote, cut anywhere, a parser answers', () => {
  // Of each pair other cuts, so that of each log all are tried.
  for (const [nth, [id]] of lines.entries())
    for (const [other, logs] of lines) {
      if (other === id) continue
      for (const log of logs)
        for (let cut = 37 + 37 * (nth % 5); cut < Math.min(log.length, 4000); cut += 185)
          for (const event of parsed(id, log.subarray(Math.max(0, cut - 600), cut)))
            expect('error' in event || Number.isSafeInteger(event['@timestamp']), `${id} of ${other}`).toBe(true)
    }
})
