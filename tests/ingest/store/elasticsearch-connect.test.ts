/** What a server answers, and what kind of failure that is. */
import { expect, test } from 'vitest'
import { type Kind, kindOfStatus, type ServerError } from '../../../ingest/store/elasticsearch/connect.ts'

const shard = {
  type: 'illegal_index_shard_state_exception',
  reason: 'CurrentState[RECOVERING] operations only allowed',
}
const CASES: [number, ServerError, Kind][] = [
  [404, { type: 'index_not_found_exception' }, 'missing'],
  [404, {}, 'missing'],
  // A node that has just started: what is asked for is there, and must not be taken for missing.
  [404, shard, 'busy'],
  [404, { type: 'search_phase_execution_exception', root_cause: [shard] }, 'busy'],
  [404, { type: 'shard_not_found_exception' }, 'busy'],
  [503, { type: 'search_phase_execution_exception', root_cause: [] }, 'busy'],
  [503, { type: 'no_shard_available_action_exception' }, 'busy'],
  // One that stops.
  [500, { type: 'node_closed_exception' }, 'busy'],
  [503, { type: 'cluster_block_exception', reason: 'blocked by: [SERVICE_UNAVAILABLE/1/state not recovered]' }, 'busy'],
  [429, { type: 'es_rejected_execution_exception' }, 'busy'],
  [
    429,
    {
      type: 'cluster_block_exception',
      reason:
        'blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block]',
    },
    'full',
  ],
  [403, { type: 'cluster_block_exception', reason: 'blocked by: [FORBIDDEN/8/index write (api)]' }, 'blocked'],
  [403, { type: 'security_exception' }, 'privilege'],
  [401, { type: 'security_exception' }, 'credentials'],
  [409, { type: 'version_conflict_engine_exception' }, 'conflict'],
  [400, { type: 'document_parsing_exception' }, 'refused'],
]
test.each(CASES)('%i %j', (status, error, kind) => {
  expect(kindOfStatus(status, error)).toBe(kind)
})
