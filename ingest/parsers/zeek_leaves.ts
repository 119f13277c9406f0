/** The values of the line of Zeek that is read, and the names by which its logs are told. */
import { is } from '../row/values.ts'
import { FALSE, Leaves, TRUE } from './leaves.ts'
import { LOGS } from './zeek_logs.ts'

/** Names that the parser itself looks at, and those that tell a log. */
const NAMES = [
  ...new Set([
    ...[
      '_path',
      'ts',
      'id.orig_h',
      'result._raw',
      'result.host',
      'answers',
      'client',
      'host',
      'uri',
      'version',
      'dropped',
      'proto',
    ],
    ...['local_orig', 'local_resp', 'conn_state', 'seen.indicator', 'seen.indicator_type'],
    ...Object.values(LOGS).flatMap(({ known, action, outcome }) => [
      ...known.flat(),
      ...(action === undefined ? [] : [action]),
      ...(outcome === undefined ? [] : [outcome]),
    ]),
  ]),
]
export const leaves = new Leaves(NAMES)
export const idOf = (name: string): number => NAMES.indexOf(name) + 1

export const ID = {
  path: idOf('_path'),
  ts: idOf('ts'),
  orig: idOf('id.orig_h'),
  raw: idOf('result._raw'),
  rawHost: idOf('result.host'),
  answers: idOf('answers'),
  client: idOf('client'),
  host: idOf('host'),
  uri: idOf('uri'),
  version: idOf('version'),
  localOrig: idOf('local_orig'),
  localResp: idOf('local_resp'),
  state: idOf('conn_state'),
  indicator: idOf('seen.indicator'),
  indicatorType: idOf('seen.indicator_type'),
  proto: idOf('proto'),
} as const

export const isTrue = (b: Uint8Array, i: number): boolean =>
  leaves.kind[i] === TRUE || is(b, leaves.from[i]!, leaves.to[i]!, 'T')
export const isFalse = (b: Uint8Array, i: number): boolean =>
  leaves.kind[i] === FALSE || is(b, leaves.from[i]!, leaves.to[i]!, 'F')
