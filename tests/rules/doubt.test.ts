/** Exceptions that would hide all, or nothing, are refused with a sentence. */
import { expect, test } from 'vitest'
import { FREE_TEXT, parseKql } from '../../ingest/store/kql.ts'
import { doubtOf } from '../../rules/doubt.ts'

test.each<[kql: string, ofAll: string | undefined, ofOne: string | undefined]>([
  ['source.ip: 203.0.113.9', undefined, undefined],
  ['source.ip: 203.0.113.0/24', undefined, undefined],
  ['source.ip: 203.0.*', undefined, undefined],
  ['source.ip: (203.0.113.9 or 2001:db8::1)', undefined, undefined],
  ['scanner', undefined, undefined],
  ['acme.own_field: 1', undefined, undefined],
  ['*', 'no alert would be left', 'switch the rule off'],
  ['source.ip: *', 'no alert would be left', undefined],
  ['not source.ip: 203.0.113.9', 'no alert would be left', undefined],
  ['source.ip: * or url.path: *', 'no alert would be left', undefined],
  ['source.ipp: 1', 'is source.ip meant', 'is source.ip meant'],
  ['source.ip: "203.0.113.999"', 'is no address', 'is no address'],
])('%s', (kql, ofAll, ofOne) => {
  const filter = parseKql(kql, { text: FREE_TEXT })
  for (const [all, expected] of [
    [true, ofAll],
    [false, ofOne],
  ] as const) {
    const doubt = doubtOf(filter, all)
    if (expected === undefined) expect(doubt).toBeUndefined()
    else expect(doubt?.en).toContain(expected)
  }
})
