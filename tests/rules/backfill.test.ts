import { backfillSuite } from './backfill.suite.ts'
import { embeddedPlace } from './stores.ts'

backfillSuite('embedded', embeddedPlace, 1010)
