/** The description of the API itself. */
import { z } from 'zod'
import { operation } from './operation.ts'

/** What stands in it is the standard's to say (https://spec.openapis.org/oas/v3.1). */
export const standardDocument = z.record(z.string(), z.json())
export const getDocument = operation({
  id: 'getDocument',
  tag: 'health',
  summary: 'This document',
  act: 'read',
  answer: standardDocument,
})
export const readDocument = operation({
  id: 'readDocument',
  tag: 'health',
  summary: 'This document as a page to read',
  act: 'read',
  answer: z.string(),
  media: 'text/html',
})
