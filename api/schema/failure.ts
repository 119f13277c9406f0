/** How every route refuses. */
import { z } from 'zod'

export const failure = z
  .strictObject({
    error: z.strictObject({
      code: z.string().describe('A machine-readable word'),
      message: z.string().describe('The sentence for a person, in the language of who asks'),
      at: z
        .strictObject({ from: z.number(), to: z.number() })
        .optional()
        .describe('Where in the search the mistake stands'),
    }),
  })
  .meta({ id: 'Failure' })

/** What each status means here; the document says it with every operation that may answer so. */
export const REFUSALS = {
  400: 'The request is not of its shape: a parameter, the body or the search is wrong',
  401: 'Nobody is signed in',
  403: 'The role may not do this, or a new password has to be chosen first',
  404: 'It does not exist, or is another agency’s',
  409: 'Somebody has changed it since it was read',
  413: 'More than 1 MB was sent',
  422: 'It is understood, and cannot be done as things are',
  429: 'Too many wrong passwords: wait',
  500: 'A fault of the server',
  503: 'The store is away, or too many heavy questions are running',
} as const
export type RefusalStatus = keyof typeof REFUSALS
