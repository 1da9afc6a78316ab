/**
 * The version of the events' vocabulary, told in the first event of a stream. Within a version events and fields are added
 * only, and none that a reader must know; what is taken away, renamed or means something else makes a new version.
 */
export const eventsVersion = 1;
