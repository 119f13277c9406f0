/** A disk without room, in whatever words a library says it: one sentence that is true, everywhere. */
import { type StoreError, StoreAway } from './store.ts'

const FULL =
  /No space left|ENOSPC|EFBIG|EDQUOT|disk full|disk is full|disk I\/O error|Could not write|out of disk|Failed to write|File too large/i

/** The error that a person is told; undefined where it is another. */
export const diskFull = (text: string): StoreError | undefined =>
  FULL.test(text)
    ? new StoreAway(
        `the disk of the data folder is full: free space, or lower retention; what has arrived is kept and is stored when there is room again (${text})`,
      )
    : undefined
