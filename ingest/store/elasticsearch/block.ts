/** No write reaches an index any more: what was under way has ended on every copy when this resolves. */
import type { Client } from '@elastic/elasticsearch'
import { StoreRefused } from '../store.ts'
import { insist, itemError, type Patience } from './connect.ts'

/**
 * `whose` says in a sentence's middle what the index is: "which a process left that has died". Shards that do not answer are
 * waited for, as those of an index that was made a moment ago; rejects with a `StoreError` where they never do.
 */
export const blockWrites = async (client: Client, index: string, whose: string, patience?: Patience): Promise<void> => {
  let unanswered = false
  try {
    await insist(
      client,
      `blocking writes to ${index}, ${whose}`,
      async () => {
        const answer = await client.indices.addBlock({ index, block: 'write', ignore_unavailable: true })
        unanswered = answer.indices.length > 0 && !(answer.acknowledged && answer.shards_acknowledged)
        if (unanswered) throw itemError(503, { type: 'unavailable_shards_exception', reason: 'not all shards answer' })
      },
      patience,
    )
  } catch (error) {
    if (!unanswered) throw error
    throw new StoreRefused(
      `writes to ${index}, ${whose}, cannot be blocked: not all of its shards answer; see the health of the cluster`,
    )
  }
}
