"""A sample Bitrix shop: the real tables, filled with believable Russian people, goods and orders."""
