/** What a parser says of an event's kind are words that ECS allows (ECS 8.17, "Categorization Fields"), in every fixture. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parsers } from '../../../ingest/parsers/index.ts'

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  kind: 'alert asset enrichment event metric state pipeline_error signal'.split(' '),
  category:
    'api authentication configuration database driver email file host iam intrusion_detection library malware network package process registry session threat vulnerability web'.split(
      ' ',
    ),
  type: 'access admin allowed change connection creation deletion denied device end error group indicator info installation protocol start user'.split(
    ' ',
  ),
  outcome: ['success', 'failure', 'unknown'],
}

test.each([...parsers.keys()])('%s', (id) => {
  const folder = join(import.meta.dirname, id)
  const documents = readdirSync(folder)
    .filter((name) => name.endsWith('.expected.json'))
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as { event?: Record<string, unknown> }[])
  expect(documents.length).toBeGreaterThanOrEqual(10)
  for (const { event = {} } of documents)
    for (const [name, allowed] of Object.entries(ALLOWED)) {
      const said = event[name] === undefined ? [] : [event[name]].flat()
      expect(allowed, `event.${name}`).toEqual(expect.arrayContaining(said))
      expect(new Set(said).size, `event.${name} says nothing twice`).toBe(said.length)
    }
})
