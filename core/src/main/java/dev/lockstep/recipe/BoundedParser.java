package dev.lockstep.recipe;

import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.parser.Parser;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/** A YAML parser that stops when a text nests too deeply: the reader of its events is recursive. */
final class BoundedParser implements Parser {
    private final Parser events;
    private final Limit limit;
    private int depth;

    /** Creates the error for a depth. */
    interface Limit {
        void check(int depth, Event event);
    }

    BoundedParser(LoadSettings settings, String yaml, Limit limit) {
        this.events = new ParserImpl(settings, new StreamReader(settings, yaml));
        this.limit = limit;
    }

    @Override
    public Event next() {
        Event event = events.next();
        switch (event.getEventId()) {
            case SequenceStart, MappingStart -> limit.check(++depth, event);
            case SequenceEnd, MappingEnd -> depth--;
            default -> {}
        }
        return event;
    }

    @Override
    public boolean hasNext() {
        return events.hasNext();
    }

    @Override
    public boolean checkEvent(Event.ID choice) {
        return events.checkEvent(choice);
    }

    @Override
    public Event peekEvent() {
        return events.peekEvent();
    }
}
