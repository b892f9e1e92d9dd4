package dev.lockstep.watch;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Who may read. On the loopback interface everybody on this machine may; elsewhere only who has the token, which a browser
 * brings once, in the printed address, and keeps as a cookie. A name of the server that is not its own is refused: a page
 * from the Internet whose name has been made to mean this machine ("DNS rebinding") must not read the runs.
 */
final class Access {
    private static final int TOKEN_BYTES = 24;
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final String COOKIE = "lockstep-watch";
    private static final String PARAMETER = "token";

    /** What to answer. */
    enum Verdict {
        ALLOWED,
        /** With the token in the address: becomes a cookie. */
        ALLOWED_ONCE,
        NO_TOKEN,
        WRONG_HOST,
        WRONG_METHOD
    }

    private final InetSocketAddress address;
    private final String name;
    private final Optional<String> token;

    /**
     * @param address where the server listens
     * @param name as the user gave it
     * @param token needed to read; empty if nobody needs one
     */
    Access(InetSocketAddress address, String name, Optional<String> token) {
        this.address = address;
        this.name = name.toLowerCase(Locale.ROOT);
        this.token = token;
    }

    static String newToken() {
        byte[] bytes = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    Verdict of(HttpExchange exchange) {
        if (!List.of("GET", "HEAD").contains(exchange.getRequestMethod())) {
            return Verdict.WRONG_METHOD;
        }
        if (!isOwnName(exchange.getRequestHeaders().getFirst("Host"))) {
            return Verdict.WRONG_HOST;
        }
        if (token.isEmpty()) {
            return Verdict.ALLOWED;
        }
        Headers headers = exchange.getRequestHeaders();
        if (isToken(cookie(headers)) || isToken(bearer(headers))) {
            return Verdict.ALLOWED;
        }
        return isToken(Query.of(exchange.getRequestURI()).first(PARAMETER)) ? Verdict.ALLOWED_ONCE : Verdict.NO_TOKEN;
    }

    /** The header that makes a browser keep the token. */
    String setCookie() {
        return COOKIE + "=" + token.orElseThrow() + "; Path=/; HttpOnly; SameSite=Strict";
    }

    private boolean isOwnName(String host) {
        if (host == null) {
            return false;
        }
        // Any port: an SSH tunnel may end at another one.
        String bare = host.toLowerCase(Locale.ROOT).replaceFirst(":[0-9]{1,5}$", "");
        InetAddress ip = address.getAddress();
        if (LOOPBACK.contains(bare)) {
            return true;
        }
        if (ip.isLoopbackAddress()) {
            return bare.equals(name);
        }
        // A name that was made to mean this machine is a name: addresses and the given name are not.
        return bare.equals(name) || bare.equals(ip.getHostAddress()) || ip.isAnyLocalAddress() && isNumeric(bare);
    }

    private static boolean isNumeric(String host) {
        return host.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9a-f:.]+(%[0-9a-z]+)?\\]");
    }

    private static String cookie(Headers headers) {
        for (String line : headers.getOrDefault("Cookie", List.of())) {
            for (String pair : line.split(";")) {
                if (pair.strip().startsWith(COOKIE + "=")) {
                    return pair.strip().substring(COOKIE.length() + 1);
                }
            }
        }
        return "";
    }

    private static String bearer(Headers headers) {
        String value = headers.getFirst("Authorization");
        return value != null && value.startsWith("Bearer ") ? value.substring("Bearer ".length()) : "";
    }

    /** In a time that does not depend on how much of it is right. */
    private boolean isToken(String given) {
        return MessageDigest.isEqual(
                given.getBytes(StandardCharsets.UTF_8), token.orElseThrow().getBytes(StandardCharsets.UTF_8));
    }
}
