/** Where a task is in its life: the one list of phases, and which of them are an instance's at work. */

const phasesAtWork = ['Comparing', 'Watching', 'Paused'] as const;
const phasesOfEnd = ['Stopped', 'Done', 'Incomplete', 'Fenced', 'Failed'] as const;

export const taskPhases = [...phasesAtWork, ...phasesOfEnd] as const;
export type TaskPhase = (typeof taskPhases)[number];

/** What the state says. A run that ended leaves its status behind; one that was killed could not write its end. */
export const isAtWork = ({ phase }: { readonly phase: TaskPhase }): boolean =>
  phasesAtWork.some((one) => one === phase);
