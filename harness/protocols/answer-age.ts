/**
 * How the bundled server is asked how old its answers are: by a parameter of the request. An answer that was not computed
 * for its request then says its age in whole microseconds, in a parameter of its own.
 */
export const ASKS_AGE = { cache_age: true } as const;
export const AGE = 'cache_age_us';
