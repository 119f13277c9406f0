/** Removes everything of one prefix: what a demo or a test does with its own. */
import { insist, openClient, type Connection } from './connect.ts'

/** Deletes every index of the prefix, by name (a server refuses wildcards). Nothing there is no error. */
export const eraseElasticsearch = async (connection: Connection & { readonly prefix: string }): Promise<void> => {
  const client = openClient(connection)
  try {
    const found = await insist(client, 'listing the indices', () =>
      client.indices.get({
        index: `${connection.prefix}-*`,
        features: ['aliases'],
        allow_no_indices: true,
        ignore_unavailable: true,
      }),
    )
    const names = Object.keys(found)
    for (let i = 0; i < names.length; i += 50)
      await insist(client, 'removing indices', () =>
        client.indices.delete({ index: names.slice(i, i + 50), ignore_unavailable: true }),
      )
  } finally {
    await client.close()
  }
}
