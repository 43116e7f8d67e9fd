"""Users, their tokens, groups and collections."""

from __future__ import annotations

from hex_blocks.sandbox.model import Collection, Group, Token, User
from hex_blocks.sandbox.seed.ids import DAY, seed_id
from hex_blocks.sandbox.tokens import TOKENS
from hex_blocks.sandbox.workspace import World

# Name, role, days since the last login (None: never).
USERS: tuple[tuple[str, str, float | None], ...] = (
    ("Ada Okafor", "ADMIN", 0.1),
    ("Eli Brandt", "EDITOR", 0.5),
    ("Mara Silva", "MANAGER", 1),
    ("Noor Haddad", "EDITOR", 2),
    ("Jun Watanabe", "EDITOR", 3),
    ("Priya Raman", "EXPLORER", 4),
    ("Tomas Novak", "EXPLORER", 30),
    ("Lena Fischer", "MEMBER", 6),
    ("Omar Diallo", "MEMBER", None),
    ("Ines Costa", "GUEST", 12),
    ("Embed Viewer", "EMBEDDED_USER", None),
    ("Sam Whitfield", "ADMIN", 9),
)

# Name, age in days, members.
GROUPS: tuple[tuple[str, float, tuple[str, ...]], ...] = (
    ("Data team", 400, ("Ada Okafor", "Eli Brandt", "Mara Silva", "Noor Haddad", "Jun Watanabe")),
    ("Finance", 380, ("Ada Okafor", "Priya Raman", "Lena Fischer")),
    ("Growth", 210, ("Mara Silva", "Tomas Novak", "Omar Diallo")),
    ("Store managers", 90, ("Lena Fischer", "Omar Diallo")),
    ("Contractors", 20, ("Ines Costa",)),
)

# Name, description, creator, groups with access, access of all members.
COLLECTIONS: tuple[tuple[str, str | None, str, dict[str, str], str], ...] = (
    (
        "Company metrics",
        "The numbers that everybody looks at",
        "Ada Okafor",
        {"Data team": "MANAGER"},
        "MEMBER",
    ),
    ("Finance", "Closing the month", "Ada Okafor", {"Finance": "MEMBER"}, "NONE"),
    ("Growth experiments", "Funnels and cohorts", "Mara Silva", {"Growth": "MEMBER"}, "NONE"),
    ("Nightly pipeline", "Extract, transform, load", "Eli Brandt", {"Data team": "MANAGER"}, "NONE"),
    ("Archive", None, "Sam Whitfield", {}, "MEMBER"),
)

# Token, owner, days until it expires.
PERSONAL_TOKENS: tuple[tuple[str, str, float, bool], ...] = (
    (TOKENS.personal, "Ada Okafor", 60, False),
    (TOKENS.editor, "Eli Brandt", 30, False),
    (TOKENS.expired, "Ada Okafor", -1, False),
    (TOKENS.no_permission, "Noor Haddad", 30, True),
)


def add_people(world: World, now: float) -> None:
    """Add users, tokens, groups and collections."""
    for name, role, days in USERS:
        email = f"{name.lower().replace(' ', '.')}@sandbox.example"
        login = None if days is None else now - days * DAY
        world.add(User(id=seed_id("user", name), name=name, email=email, role=role, last_login_at=login))
    for name, age, members in GROUPS:
        ids = [world.user(member).id for member in members]
        world.add(Group(id=seed_id("group", name), name=name, created_at=now - age * DAY, members=ids))
    for name, description, creator, groups, access in COLLECTIONS:
        creator_id = world.user(creator).id
        world.add(
            Collection(
                id=seed_id("collection", name),
                name=name,
                description=description,
                creator_id=creator_id,
                users={creator_id: "MANAGER"},
                groups={world.group(group).id: level for group, level in groups.items()},
                members=access,
            )
        )
    for secret, owner, ends, powerless in PERSONAL_TOKENS:
        world.tokens[secret] = Token("personal", world.user(owner).id, round(now + ends * DAY), powerless)
    world.tokens[TOKENS.workspace] = Token("workspace")
