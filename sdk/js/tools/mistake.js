/** A mistake in the project: told without a stack. */
export class Mistake extends Error {}
