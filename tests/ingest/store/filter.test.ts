/** What a filter means, where JavaScript would mean something else. */
import { expect, test } from 'vitest'
import { eq, exists, not } from '../../../ingest/store/filter.ts'
import { compile } from '../../../ingest/store/match.ts'

test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
  'an event has a field called %s only where the log said so',
  (field) => {
    const without = { 'event.id': '1' }
    const having = JSON.parse(`{"event.id":"2","${field}":"x"}`)
    expect([without, having].map(compile(exists(field)))).toEqual([false, true])
    expect([without, having].map(compile(eq(field, 'x')))).toEqual([false, true])
    expect([without, having].map(compile(not(exists(field))))).toEqual([true, false])
  },
)
