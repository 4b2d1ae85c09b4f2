/** Why an object is assessed as it is, in a sentence. */
import type { Assessment } from './assess.ts';
import { explain } from './outcomes.ts';

/** Words for an assessment: `standby: update: the original has changed since it was applied`. */
export function reasonOf(assessment: Assessment): string {
  switch (assessment.outcome) {
    case 'refuse':
    case 'leave':
      return explain(assessment.why);
    case 'fail':
      return assessment.problem;
    case 'update':
      return updates[assessment.why];
    case 'wait':
      return waits[assessment.why];
    default:
      return others[assessment.outcome];
  }
}

const updates = {
  changed: 'the original, or what the task makes of it, is not what was applied last',
  recreated: 'the original was deleted and made anew since it was applied',
  status: 'its status is not the one of the original',
} as const;

const waits = {
  terminating: 'it is being deleted there; it is made anew once it is gone',
  'not-listed': 'what the primary has is not known yet',
} as const;

const others = {
  same: 'it is what was applied, or what the replica makes of that',
  gone: 'neither the primary nor the replica has it',
  create: 'the replica does not have it',
  'put-right': 'somebody changed it on the replica',
  adopt: 'somebody else made it, and it is taken over',
  delete: 'it is a copy of this task, and the primary does not have the original any more',
  compare: 'a rule carries fields or the status only, which could not be compared',
  look: 'its content is not known yet',
} as const;
