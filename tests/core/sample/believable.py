"""What is true of any shop, new or lived in: a name, and a query that finds the rows which break it."""

from __future__ import annotations

BREACHES = {
    "an order costs its lines and its delivery": """
        SELECT o.ID FROM b_sale_order o JOIN b_sale_basket b ON b.ORDER_ID = o.ID
        WHERE COALESCE(b.SET_PARENT_ID, 0) IN (0, b.ID) GROUP BY o.ID, o.PRICE, o.PRICE_DELIVERY
        HAVING ABS(o.PRICE - o.PRICE_DELIVERY - SUM(b.PRICE * b.QUANTITY)) > 0.001""",
    "an order has lines": """
        SELECT ID FROM b_sale_order o WHERE NOT EXISTS (SELECT 1 FROM b_sale_basket b WHERE b.ORDER_ID = o.ID)""",
    "lines belong to an order that is there": """
        SELECT ID FROM b_sale_basket b WHERE ORDER_ID IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM b_sale_order o WHERE o.ID = b.ORDER_ID)""",
    "a line is bought by the visitor of the order's user": """
        SELECT b.ID FROM b_sale_basket b JOIN b_sale_order o ON o.ID = b.ORDER_ID
        JOIN b_sale_fuser f ON f.ID = b.FUSER_ID WHERE COALESCE(NULLIF(f.USER_ID, 0), 3) <> o.USER_ID""",
    "a line's discount is what its price lost": """
        SELECT ID FROM b_sale_basket WHERE MODULE = 'catalog' AND ABS(BASE_PRICE - PRICE - DISCOUNT_PRICE) > 0.001""",
    "rows are changed after they were made": """
        SELECT ID FROM b_sale_basket WHERE DATE_UPDATE < DATE_INSERT UNION ALL
        SELECT ID FROM b_sale_order WHERE DATE_UPDATE < DATE_INSERT OR DATE_STATUS < DATE_INSERT
          OR DATE_UPDATE < DATE_STATUS OR DATE_PAYED < DATE_INSERT OR DATE_CANCELED < DATE_INSERT""",
    "nobody orders, or visits, before registering": """
        SELECT o.ID FROM b_sale_order o JOIN b_user u ON u.ID = o.USER_ID WHERE o.DATE_INSERT < u.DATE_REGISTER
        UNION ALL SELECT f.ID FROM b_sale_fuser f JOIN b_user u ON u.ID = f.USER_ID
        WHERE f.DATE_INSERT < u.DATE_REGISTER""",
    "nothing is put into a basket before the visitor came": """
        SELECT b.ID FROM b_sale_basket b JOIN b_sale_fuser f ON f.ID = b.FUSER_ID WHERE b.DATE_INSERT < f.DATE_INSERT
        UNION ALL SELECT v.ID FROM b_catalog_viewed_product v JOIN b_sale_fuser f ON f.ID = v.FUSER_ID
        WHERE v.DATE_VISIT < f.DATE_INSERT""",
    "nothing is bought before it was there": """
        SELECT b.ID FROM b_sale_basket b JOIN b_iblock_element e ON e.ID = b.PRODUCT_ID
        WHERE b.MODULE = 'catalog' AND b.DATE_INSERT < e.DATE_CREATE""",
    "whoever ordered has logged in since": """
        SELECT o.ID FROM b_sale_order o JOIN b_user u ON u.ID = o.USER_ID
        WHERE u.ID <> 3 AND (u.LAST_LOGIN IS NULL OR u.LAST_LOGIN < o.DATE_INSERT)""",
    "people are numbered as they came": """
        SELECT u.ID FROM b_user u JOIN b_user before_ ON before_.ID = u.ID - 1
        WHERE u.DATE_REGISTER < before_.DATE_REGISTER""",
    "orders and their history are numbered as they came": """
        SELECT o.ID FROM b_sale_order o JOIN b_sale_order p ON p.ID = o.ID - 1 WHERE o.DATE_INSERT < p.DATE_INSERT
        UNION ALL SELECT o.ID FROM b_sale_order_change o JOIN b_sale_order_change p ON p.ID = o.ID - 1
        WHERE o.DATE_CREATE < p.DATE_CREATE""",
    "an order's status is that of its last change": """
        SELECT o.ID FROM b_sale_order o JOIN b_sale_order_change c ON c.ID = (SELECT MAX(ID) FROM b_sale_order_change
          WHERE ORDER_ID = o.ID AND TYPE = 'ORDER_STATUS_CHANGED')
        WHERE c.DATE_CREATE <> o.DATE_STATUS OR INSTR(c.DATA, o.STATUS_ID) = 0""",
    "an order that never changed is new": """
        SELECT ID FROM b_sale_order o WHERE STATUS_ID <> 'N' AND NOT EXISTS (SELECT 1 FROM b_sale_order_change
          WHERE ORDER_ID = o.ID AND TYPE = 'ORDER_STATUS_CHANGED')""",
    "payments add up to the order": """
        SELECT o.ID FROM b_sale_order o JOIN b_sale_order_payment p ON p.ORDER_ID = o.ID GROUP BY o.ID, o.PRICE
        HAVING ABS(SUM(p.SUM) - o.PRICE) > 0.001""",
    "what was paid is the sum of the paid payments": """
        SELECT o.ID FROM b_sale_order o JOIN b_sale_order_payment p ON p.ORDER_ID = o.ID
        GROUP BY o.ID, o.SUM_PAID, o.PAYED, o.PRICE
        HAVING ABS(SUM(CASE WHEN p.PAID = 'Y' THEN p.SUM ELSE 0 END) - o.SUM_PAID) > 0.01
          OR (o.PAYED = 'Y') <> (ABS(o.SUM_PAID - o.PRICE) < 0.01)""",
    "an order has its system shipment and another, and its e-mail property": """
        SELECT o.ID FROM b_sale_order o WHERE 2 <> (SELECT COUNT(*) FROM b_sale_order_delivery WHERE ORDER_ID = o.ID)
        OR 1 <> (SELECT COUNT(*) FROM b_sale_order_props_value v JOIN b_sale_order_props p ON p.ID = v.ORDER_PROPS_ID
          WHERE v.ORDER_ID = o.ID AND p.IS_EMAIL = 'Y' AND p.PERSON_TYPE_ID = o.PERSON_TYPE_ID)""",
    "a visitor has at most ten views, and a product once": """
        SELECT FUSER_ID FROM b_catalog_viewed_product GROUP BY FUSER_ID, SITE_ID HAVING COUNT(*) > 10
        OR COUNT(*) <> COUNT(DISTINCT ELEMENT_ID)""",
    "what can be sold has both prices": """
        SELECT p.ID FROM b_catalog_product p WHERE 2 > (SELECT COUNT(DISTINCT CATALOG_GROUP_ID) FROM b_catalog_price
          WHERE PRODUCT_ID = p.ID)""",
    "a product costs what its cheapest offer costs": """
        SELECT p.ID FROM b_catalog_price p JOIN b_catalog_product c ON c.ID = p.PRODUCT_ID WHERE c.TYPE = 3
        AND p.PRICE <> (SELECT MIN(o.PRICE) FROM b_iblock_element_property l JOIN b_catalog_price o
          ON o.PRODUCT_ID = l.IBLOCK_ELEMENT_ID WHERE l.IBLOCK_PROPERTY_ID = 5 AND l.VALUE_NUM = p.PRODUCT_ID
          AND o.CATALOG_GROUP_ID = p.CATALOG_GROUP_ID)""",
    "a product can be bought while one of its offers can": """
        SELECT c.ID FROM b_catalog_product c WHERE c.TYPE = 3
        AND c.AVAILABLE <> (SELECT MAX(o.AVAILABLE) FROM b_iblock_element_property l JOIN b_catalog_product o
          ON o.ID = l.IBLOCK_ELEMENT_ID WHERE l.IBLOCK_PROPERTY_ID = 5 AND l.VALUE_NUM = c.ID)""",
    "availability is Bitrix's own rule": """
        SELECT ID FROM b_catalog_product
        WHERE (AVAILABLE = 'N') <> (QUANTITY <= 0 AND QUANTITY_TRACE IN ('Y', 'D') AND CAN_BUY_ZERO = 'N')""",
    "stores hold what the product says": """
        SELECT p.ID FROM b_catalog_product p JOIN b_catalog_store_product s ON s.PRODUCT_ID = p.ID
        GROUP BY p.ID, p.QUANTITY HAVING SUM(s.AMOUNT) <> p.QUANTITY""",
    "an element lies where its main section says": """
        SELECT ID FROM b_iblock_element e WHERE IBLOCK_SECTION_ID IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM b_iblock_section_element WHERE IBLOCK_ELEMENT_ID = e.ID
          AND IBLOCK_SECTION_ID = e.IBLOCK_SECTION_ID AND ADDITIONAL_PROPERTY_ID IS NULL)""",
    "a section lies inside its parent": """
        SELECT s.ID FROM b_iblock_section s LEFT JOIN b_iblock_section p ON p.ID = s.IBLOCK_SECTION_ID
        WHERE s.LEFT_MARGIN >= s.RIGHT_MARGIN OR (s.DEPTH_LEVEL = 2)
          <> (p.ID IS NOT NULL AND p.LEFT_MARGIN < s.LEFT_MARGIN AND p.RIGHT_MARGIN > s.RIGHT_MARGIN)""",
    "a set's parts lie with it": """
        SELECT b.ID FROM b_sale_basket b LEFT JOIN b_sale_basket p ON p.ID = b.SET_PARENT_ID
        WHERE b.SET_PARENT_ID > 0 AND (p.ID IS NULL OR p.TYPE <> 1 OR p.FUSER_ID <> b.FUSER_ID
          OR COALESCE(p.ORDER_ID, 0) <> COALESCE(b.ORDER_ID, 0))""",
    "pictures are there": """
        SELECT ID FROM b_iblock_element e WHERE PREVIEW_PICTURE IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM b_file f WHERE f.ID = e.PREVIEW_PICTURE)""",
}  # fmt: skip
