package dev.lockstep.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the pickles that {@code torch.save} writes for state dicts, as pure data: no names are resolved and no code
 * runs. It supports only the opcodes and globals that such files contain, and rejects any other by name.
 *
 * <p>Possible values: {@code String}, {@code Long}, {@code Double}, {@code Boolean}, {@link #NONE}, {@code List},
 * {@code Map} (with String or Long keys), {@link Tuple}, {@link Storage} and {@link View}.
 */
final class PickleReader {
    /** Python's None. */
    static final Object NONE = new Object() {
        @Override
        public String toString() {
            return "None";
        }
    };

    private static final int MOST_TEXT = 1 << 20;
    private static final int MOST_BYTES = 8 << 20;
    /** The limit for opcodes plus the items that they copy. The state dict of a ResNet-50 takes 13,000. */
    private static final int MOST_WORK = 2 << 20;

    private static final Map<String, ElementType> STORAGES = Map.of(
            "DoubleStorage", ElementType.F64,
            "FloatStorage", ElementType.F32,
            "HalfStorage", ElementType.F16,
            "BFloat16Storage", ElementType.BF16,
            "LongStorage", ElementType.I64,
            "IntStorage", ElementType.I32,
            "ShortStorage", ElementType.I16,
            "CharStorage", ElementType.I8,
            "ByteStorage", ElementType.U8,
            "BoolStorage", ElementType.BOOL);

    /** A tuple, whose elements may be {@link #NONE}. */
    record Tuple(List<Object> items) {}

    /** Elements that are stored elsewhere in the file, under a key. */
    record Storage(ElementType type, String key, long elements) {}

    /** A tensor: a strided view of a storage. */
    record View(Storage storage, long offset, long[] shape, long[] stride) {}

    /** The pickle is not supported; the message says why. */
    static final class Refused extends IOException {
        Refused(String why) {
            super(why);
        }
    }

    private enum Global {
        ORDERED_DICT,
        REBUILD_TENSOR,
        REBUILD_PARAMETER
    }

    private final InputStream in;
    private final Map<String, Storage> storages;
    private final Map<Integer, Object> memo = new HashMap<>();
    private final Deque<List<Object>> outer = new ArrayDeque<>();
    private List<Object> stack = new ArrayList<>();
    private int bytesRead;
    private int work;

    private PickleReader(InputStream in, Map<String, Storage> storages) {
        this.in = in;
        this.storages = storages;
    }

    /** Reads one pickle and leaves the stream positioned just after it. */
    static Object read(InputStream in) throws IOException {
        return read(in, new HashMap<>());
    }

    /** @param storages receives every storage that the pickle names, by key */
    static Object read(InputStream in, Map<String, Storage> storages) throws IOException {
        try {
            return new PickleReader(in, storages).run();
        } catch (IndexOutOfBoundsException | ClassCastException | java.util.NoSuchElementException e) {
            throw new Refused("its pickle is damaged");
        }
    }

    private Object run() throws IOException {
        for (int opcode = next(); opcode != '.'; opcode = next()) {
            work(1);
            step(opcode);
        }
        return pop();
    }

    /** Limits the work: a few bytes of a pickle can request a lot, such as copying the same list again and again. */
    private void work(int items) throws Refused {
        work += items;
        if (work > MOST_WORK) {
            throw new Refused("its pickle needs more than " + MOST_WORK + " steps");
        }
    }

    private void count(int bytes) throws Refused {
        bytesRead += bytes;
        if (bytesRead > MOST_BYTES) {
            throw new Refused("its pickle is larger than " + (MOST_BYTES >> 20) + " MiB");
        }
    }

    private void step(int opcode) throws IOException {
        switch (opcode) {
            case 0x80 -> next();
            case 0x95 -> number(8);
            case '(' -> mark();
            case '0' -> pop();
            case 'N' -> push(NONE);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) (int) number(4));
            case 'K' -> push(number(1));
            case 'M' -> push(number(2));
            case 0x8a -> push(longInteger());
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(number(8))));
            case 'X', 'T' -> push(text(number(4)));
            case 'U', 0x8c -> push(text(number(1)));
            case ']' -> push(new ArrayList<>());
            case '}' -> push(new LinkedHashMap<>());
            case ')' -> push(new Tuple(List.of()));
            case 't' -> push(new Tuple(popToMark()));
            case 0x85, 0x86, 0x87 -> push(tuple(opcode - 0x84));
            case 'q' -> memo.put((int) number(1), top());
            case 'r' -> memo.put((int) number(4), top());
            case 0x94 -> memo.put(memo.size(), top());
            case 'h' -> push(recall((int) number(1)));
            case 'j' -> push(recall((int) number(4)));
            case 'a' -> append(List.of(pop()));
            case 'e' -> append(popToMark());
            case 's' -> setItems(tuple(2).items());
            case 'u' -> setItems(popToMark());
            case 'c' -> push(global(line(), line()));
            case 0x93 -> {
                List<Object> names = tuple(2).items();
                push(global((String) names.get(0), (String) names.get(1)));
            }
            case 'R' -> push(call());
            case 'b' -> build();
            case 'Q' -> push(persistent((Tuple) pop()));
            default -> throw new Refused("its pickle uses opcode 0x%02x, which state dicts do not".formatted(opcode));
        }
    }

    private Object global(String module, String name) throws Refused {
        if (module.equals("collections") && name.equals("OrderedDict")) {
            return Global.ORDERED_DICT;
        } else if (module.equals("torch._utils") && name.equals("_rebuild_tensor_v2")) {
            return Global.REBUILD_TENSOR;
        } else if (module.equals("torch._utils") && name.equals("_rebuild_parameter")) {
            return Global.REBUILD_PARAMETER;
        }
        ElementType type = module.equals("torch") ? STORAGES.get(name) : null;
        if (type == null) {
            throw new Refused("its pickle refers to " + printable(module + "." + name)
                    + ", which a state dict of tensors does not need");
        }
        return type;
    }

    private Object call() throws Refused {
        Tuple arguments = (Tuple) pop();
        List<Object> items = arguments.items();
        Object callee = pop();
        if (callee == Global.ORDERED_DICT) {
            return orderedDict(items);
        } else if (callee == Global.REBUILD_TENSOR) {
            return new View((Storage) items.get(0), (Long) items.get(1), longs(items.get(2)), longs(items.get(3)));
        } else if (callee == Global.REBUILD_PARAMETER) {
            return (View) items.get(0);
        }
        throw new Refused("its pickle is damaged");
    }

    private Map<Object, Object> orderedDict(List<Object> arguments) throws Refused {
        Map<Object, Object> map = new LinkedHashMap<>();
        if (!arguments.isEmpty()) {
            List<?> pairs = (List<?>) arguments.get(0);
            work(pairs.size());
            for (Object pair : pairs) {
                List<?> items = pair instanceof Tuple tuple ? tuple.items() : (List<?>) pair;
                put(map, items.get(0), items.get(1));
            }
        }
        return map;
    }

    private static long[] longs(Object tuple) throws Refused {
        List<Object> items = ((Tuple) tuple).items();
        if (items.size() > HostTensor.MOST_DIMENSIONS) {
            throw new Refused("a tensor has " + items.size() + " dimensions, limit = " + HostTensor.MOST_DIMENSIONS);
        }
        return items.stream().mapToLong(item -> (Long) item).toArray();
    }

    /** Ignores an object's attributes. Those of an OrderedDict are PyTorch's version numbers, which are not needed. */
    private void build() throws Refused {
        pop();
        if (!(top() instanceof Map)) {
            throw new Refused("its pickle is damaged");
        }
    }

    private Storage persistent(Tuple id) throws Refused {
        List<Object> items = id.items();
        if (!items.get(0).equals("storage") || !(items.get(1) instanceof ElementType type)) {
            throw new Refused("its pickle is damaged");
        }
        if (items.size() > 5 && items.get(5) != NONE) {
            throw new Refused("it was saved by PyTorch before 0.4, which saved views of storages");
        }
        Storage storage = new Storage(type, (String) items.get(2), (Long) items.get(4));
        storages.put(storage.key(), storage);
        return storage;
    }

    private void append(List<Object> items) {
        @SuppressWarnings("unchecked")
        List<Object> list = (List<Object>) top();
        list.addAll(items);
    }

    private void setItems(List<Object> items) throws Refused {
        @SuppressWarnings("unchecked")
        Map<Object, Object> map = (Map<Object, Object>) top();
        for (int i = 0; i < items.size(); i += 2) {
            put(map, items.get(i), items.get(i + 1));
        }
    }

    private static void put(Map<Object, Object> map, Object key, Object value) throws Refused {
        if (!(key instanceof String) && !(key instanceof Long)) {
            throw new Refused("it has a key that is neither a string nor an integer");
        }
        map.put(key, value);
    }

    private void mark() {
        outer.push(stack);
        stack = new ArrayList<>();
    }

    private List<Object> popToMark() {
        List<Object> items = stack;
        stack = outer.pop();
        return items;
    }

    private void push(Object value) {
        stack.add(value);
    }

    private Object pop() {
        return stack.remove(stack.size() - 1);
    }

    private Object top() {
        return stack.get(stack.size() - 1);
    }

    private Tuple tuple(int size) {
        List<Object> last = stack.subList(stack.size() - size, stack.size());
        List<Object> items = new ArrayList<>(last);
        last.clear();
        return new Tuple(items);
    }

    private Object recall(int key) throws Refused {
        Object value = memo.get(key);
        if (value == null) {
            throw new Refused("its pickle is damaged");
        }
        return value;
    }

    private int next() throws IOException {
        count(1);
        int value = in.read();
        if (value < 0) {
            throw new EOFException();
        }
        return value;
    }

    private byte[] bytes(int length) throws IOException {
        count(length);
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException();
        }
        return bytes;
    }

    /** A little-endian number of up to 8 bytes. */
    private long number(int size) throws IOException {
        byte[] bytes = new byte[Long.BYTES];
        System.arraycopy(bytes(size), 0, bytes, 0, size);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    /**
     * Reads a two's complement integer of any length: as a Long if it fits, otherwise (PyTorch's magic number) as a
     * decimal String.
     */
    private Object longInteger() throws IOException {
        byte[] bytes = bytes(next());
        for (int i = 0, j = bytes.length - 1; i < j; i++, j--) {
            byte swapped = bytes[i];
            bytes[i] = bytes[j];
            bytes[j] = swapped;
        }
        BigInteger value = bytes.length == 0 ? BigInteger.ZERO : new BigInteger(bytes);
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value.toString();
    }

    private String text(long length) throws IOException {
        if (length < 0 || length > MOST_TEXT) {
            throw new Refused("its pickle has a string of " + length + " bytes");
        }
        return new String(bytes((int) length), StandardCharsets.UTF_8);
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = next(); c != '\n'; c = next()) {
            line.append((char) c);
            if (line.length() > 1000) {
                throw new Refused("its pickle is damaged");
            }
        }
        return line.toString();
    }

    private static String printable(String text) {
        return text.replaceAll("[^\\x20-\\x7e]", "?");
    }
}
