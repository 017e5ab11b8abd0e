import { request } from "./http.js";
import { writeSession } from "./session.js";

export const authAPI = {
  async signIn(username, password) {
    const { key, user } = await request("POST", "/api/v1/auth/login/", { body: { username, password } });
    writeSession({ token: key, user });
  },

  /** Sign out here, and tell the server, which ends the token on all devices. */
  async signOut() {
    try {
      await request("POST", "/api/v1/auth/logout/");
    } finally {
      writeSession(null);
    }
  },

  /** People whose names have these words. */
  async searchPeople(search, signal) {
    const page = await request("GET", "/api/v1/accounts/users/", { query: { search, page_size: 20 }, signal });
    return page.results.map((person) => ({
      ...person,
      full_name: person.full_name || [person.first_name, person.last_name].filter(Boolean).join(" ") || person.username,
    }));
  },
};
